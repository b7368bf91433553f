import type { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import type { MethodPath } from '@moldau/kernel';

/** The part of a generated message that calls need. */
export interface MessageCodec<Message> {
  /** Writes into `writer`, or a new one, and returns it. */
  encode(message: Message, writer?: BinaryWriter): BinaryWriter;
  decode(input: BinaryReader | Uint8Array): Message;
}

/** A method with its messages, as the generated service definitions describe it. */
export interface Method<Request, Response> {
  readonly path: MethodPath;
  readonly request: MessageCodec<Request>;
  readonly response: MessageCodec<Response>;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
}

interface GeneratedCodec {
  encode(message: never, writer?: BinaryWriter): BinaryWriter;
  decode(input: Uint8Array): unknown;
}

interface GeneratedMethod {
  readonly name: string;
  readonly requestType: GeneratedCodec;
  readonly responseType: GeneratedCodec;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
}

interface GeneratedService {
  readonly fullName: string;
  readonly methods: Readonly<Record<string, GeneratedMethod>>;
}

type MessageOf<Codec> = Codec extends { decode(input: Uint8Array): infer Message } ? Message : never;

/** The methods of a service by their name in camel case. */
export type MethodsOf<Service extends GeneratedService> = {
  readonly [Name in keyof Service['methods']]: Method<
    MessageOf<Service['methods'][Name]['requestType']>,
    MessageOf<Service['methods'][Name]['responseType']>
  >;
};

export function methodsOf<const Service extends GeneratedService>(service: Service): MethodsOf<Service> {
  const methods = Object.entries(service.methods).map(([key, generated]) => [
    key,
    {
      path: `/${service.fullName}/${generated.name}`,
      request: generated.requestType,
      response: generated.responseType,
      requestStream: generated.requestStream,
      responseStream: generated.responseStream,
    },
  ]);
  return Object.fromEntries(methods) as MethodsOf<Service>;
}
