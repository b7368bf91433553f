import { fileURLToPath } from 'node:url';
import { credentials, loadPackageDefinition, Metadata, type ServiceError } from '@grpc/grpc-js';
import { load } from '@grpc/proto-loader';

/** Where the .proto files lie: all that a client of another language has of Moldau. */
export const PROTO_FOLDER = fileURLToPath(new URL('../../../libs/protocol/proto', import.meta.url));

/** Definitions of gRPC's own services. */
const GRPC_PROTO_FOLDER = fileURLToPath(new URL('../proto', import.meta.url));

const DEADLINE_MS = 15_000;

/** A message as proto-loader shows it. */
export type Message = Readonly<Record<string, unknown>>;

type UnaryCall = (
  request: Message,
  metadata: Metadata,
  options: { deadline: number },
  done: (error: ServiceError | null, response: Message) => void,
) => void;

/** A stream of answers. */
export interface AnswerStream extends AsyncIterable<Message> {
  cancel(): void;
}

/** A stream in both directions. */
export interface DuplexStream extends AnswerStream {
  write(message: Message): boolean;
  end(): void;
}

type StreamCall = (request: Message) => AnswerStream;
type DuplexCall = () => DuplexStream;
type ServiceClient = Readonly<Record<string, UnaryCall & StreamCall & DuplexCall>> & { close(): void };
type ServiceConstructor = new (address: string, credentials: unknown) => ServiceClient;

/** A client of one service, made from its .proto file at run time. */
export interface ProtoClient {
  call(method: string, request: Message): Promise<Message>;
  stream(method: string, request: Message): AnswerStream;
  duplex(method: string): DuplexStream;
  close(): void;
}

export async function protoClient(file: string, service: string, address: string): Promise<ProtoClient> {
  const includeDirs = [PROTO_FOLDER, GRPC_PROTO_FOLDER];
  const definition = await load(file, { includeDirs, longs: Number, enums: String, oneofs: true, defaults: true, arrays: true });
  const names = service.split('.');
  const found = names.reduce<unknown>((scope, name) => (scope as Message)[name], loadPackageDefinition(definition));
  const client = new (found as ServiceConstructor)(address, credentials.createInsecure());
  const bound = (method: string): UnaryCall & StreamCall & DuplexCall => {
    const call = client[method];
    if (call === undefined) throw new Error(`${service} has no ${method}`);
    return Object.assign(call.bind(client), {});
  };
  return {
    call: (method, request) =>
      new Promise((resolve, reject) => {
        bound(method)(request, new Metadata(), { deadline: Date.now() + DEADLINE_MS }, (error, response) =>
          error === null ? resolve(response) : reject(error),
        );
      }),
    stream: (method, request) => bound(method)(request),
    duplex: (method) => bound(method)(),
    close: () => client.close(),
  };
}
