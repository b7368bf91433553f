import type { ChannelInterface } from '@grpc/grpc-js';

/** A call of grpc-js, below its clients and object streams. */
export type GrpcCall = ReturnType<ChannelInterface['createCall']>;

/** A call that its channel can end. */
export interface OpenCall {
  cancel(): void;
}
