import type { ServiceError } from '@grpc/grpc-js';
import { load, type MessageTypeDefinition } from '@grpc/proto-loader';
import { PROTO_FOLDER } from './proto-client.ts';

/** What `google.rpc.ErrorInfo` tells. */
export interface ErrorInfo {
  readonly reason: string;
  readonly domain: string;
  readonly metadata: Readonly<Record<string, string>>;
}

interface RpcStatus {
  readonly details: readonly { readonly type_url: string; readonly value: Buffer }[];
}

/** The ErrorInfo among the details of a failed call; undefined when there is none. */
export async function errorInfoOf(error: ServiceError): Promise<ErrorInfo | undefined> {
  const [bytes] = error.metadata.get('grpc-status-details-bin');
  if (!(bytes instanceof Buffer)) return undefined;
  const options = { includeDirs: [PROTO_FOLDER], keepCase: true, arrays: true, objects: true, defaults: true };
  const definition = await load('google/rpc/status.proto', options);
  const decoder = <Shape extends object>(name: string): MessageTypeDefinition<Shape, Shape> =>
    definition[name] as unknown as MessageTypeDefinition<Shape, Shape>;
  const { details } = decoder<RpcStatus>('google.rpc.Status').deserialize(bytes);
  const any = details.find((detail) => detail.type_url.endsWith('google.rpc.ErrorInfo'));
  return any && decoder<ErrorInfo>('google.rpc.ErrorInfo').deserialize(any.value);
}
