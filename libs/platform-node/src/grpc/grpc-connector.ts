import { ChannelCredentials, type ChannelOptions, Channel as GrpcChannelImplementation } from '@grpc/grpc-js';
import type { Connector } from '@moldau/kernel';
import { GrpcChannel } from './grpc-channel.ts';
import { quietGrpc } from './quiet-grpc.ts';

export interface GrpcConnectorOptions {
  /** A larger message ends its call with RESOURCE_EXHAUSTED; default 8 MiB; 64 MiB between services. */
  readonly maxReceiveBytes?: number;
  /** Bytes a server may send ahead of our reading, per call and per connection; default 16 MiB. */
  readonly windowBytes?: number;
  /** Bytes written and not taken by the connection from which `write` returns false; default 1 MiB. */
  readonly writeBufferBytes?: number;
  /** Waits between connection attempts, doubling with jitter; default 50 ms to 1 s. */
  readonly backoffMs?: { readonly min: number; readonly max: number };
  /** While calls are under way a connection silent for so long is probed; default 30 s: servers of other makers refuse more. */
  readonly keepaliveMs?: number;
  /** A probe unanswered for so long breaks the connection; default 10 s. */
  readonly keepaliveTimeoutMs?: number;
  /** Names this program in the user agent. */
  readonly userAgent?: string;
  /** Default: plain text. */
  readonly tls?: ClientTls;
}

export interface ClientTls {
  /** Default: the system's authorities. */
  readonly authority?: Buffer;
  readonly key?: Buffer;
  readonly certificate?: Buffer;
}

const MAX_RECEIVE_BYTES = 8 * 1024 * 1024;
const WINDOW_BYTES = 16 * 1024 * 1024;
const WRITE_BUFFER_BYTES = 1024 * 1024;
const BACKOFF_MS = { min: 50, max: 1000 };
const KEEPALIVE_MS = 30_000;
const KEEPALIVE_TIMEOUT_MS = 10_000;
/** A name that moved to another address is looked up again no more often than this; gRPC's own 30 s outlast a failover. */
const NAME_LOOKUP_MS_MIN = 1000;

/** Channels over gRPC, each with a connection of its own. */
export function createGrpcConnector(options: GrpcConnectorOptions = {}): Connector {
  quietGrpc();
  const credentials = credentialsOf(options.tls);
  const writeBufferBytes = options.writeBufferBytes ?? WRITE_BUFFER_BYTES;
  return {
    connect: (address) =>
      new GrpcChannel(new GrpcChannelImplementation(address, credentials, channelOptions(options)), address, writeBufferBytes),
  };
}

function channelOptions(options: GrpcConnectorOptions): ChannelOptions {
  return {
    'grpc.max_receive_message_length': options.maxReceiveBytes ?? MAX_RECEIVE_BYTES,
    'grpc-node.flow_control_window': options.windowBytes ?? WINDOW_BYTES,
    'grpc.initial_reconnect_backoff_ms': options.backoffMs?.min ?? BACKOFF_MS.min,
    'grpc.max_reconnect_backoff_ms': options.backoffMs?.max ?? BACKOFF_MS.max,
    'grpc.keepalive_time_ms': options.keepaliveMs ?? KEEPALIVE_MS,
    'grpc.keepalive_timeout_ms': options.keepaliveTimeoutMs ?? KEEPALIVE_TIMEOUT_MS,
    'grpc.keepalive_permit_without_calls': 0,
    'grpc.use_local_subchannel_pool': 1,
    // A retry is the caller's decision; and without the retry buffer a write is reported when the connection took it.
    'grpc.enable_retries': 0,
    'grpc.per_rpc_retry_buffer_size': 0,
    'grpc.service_config_disable_resolution': 1,
    'grpc.dns_min_time_between_resolutions_ms': NAME_LOOKUP_MS_MIN,
    // Services of one cluster are not behind the proxy of the machine's environment.
    'grpc.enable_http_proxy': 0,
    'grpc.enable_channelz': 0,
    ...(options.userAgent === undefined ? {} : { 'grpc.primary_user_agent': options.userAgent }),
  };
}

function credentialsOf(tls: ClientTls | undefined): ChannelCredentials {
  if (tls === undefined) return ChannelCredentials.createInsecure();
  return ChannelCredentials.createSsl(tls.authority ?? null, tls.key ?? null, tls.certificate ?? null);
}
