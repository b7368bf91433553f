/** Where and how a server listens. */
export interface ListenerOptions {
  /** As handlers see it: `client` or `internal`. */
  readonly name: string;
  /** Address of an interface, or `0.0.0.0` or `::` for all. */
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly limits?: ListenerLimits;
  /** Default: plain text. */
  readonly tls?: ServerTls;
}

export interface ServerTls {
  readonly key: Buffer;
  readonly certificate: Buffer;
  /** Accept only clients with a certificate of this authority. */
  readonly clientAuthority?: Buffer;
}

export interface ListenerLimits {
  /** A larger message ends its call with RESOURCE_EXHAUSTED; default 4 MiB, gRPC's own; 64 MiB between services. */
  readonly maxReceiveBytes?: number;
  /** Calls under way on one connection; a client holds back more than these. Default 100. */
  readonly maxConcurrentStreams?: number;
  /** Connections at once; one more is closed. Default 10,000. */
  readonly maxConnections?: number;
  /** Names and values of a call's metadata; more resets the call. Default 32 KiB. */
  readonly maxMetadataBytes?: number;
  /** For unary calls that name no deadline; default 30 s. */
  readonly defaultTimeoutMs?: number;
  /**
   * Bytes a caller may send ahead of our reading, per call and per connection. Default 16 MiB; HTTP/2's own is 64 KiB,
   * which caps a connection at 64 KiB per round trip. A paused call holds at most this much.
   */
  readonly windowBytes?: number;
  /** Bytes that may wait unread in all calls of one connection, which else ends; default 128 MiB, eight full windows. */
  readonly unreadBytesMax?: number;
  /** Bytes written and not taken by the connection from which `write` returns false; default 1 MiB. */
  readonly writeBufferBytes?: number;
  /** A connection silent for so long is probed; default 30 s. */
  readonly keepaliveMs?: number;
  /** A probe unanswered for so long closes the connection; default 10 s. */
  readonly keepaliveTimeoutMs?: number;
  /** After so long, with jitter, a connection is asked to reconnect, for the sake of load balancers; default never. */
  readonly maxConnectionAgeMs?: number;
  /** What is under way on an aged connection gets so long; default 5 min. */
  readonly maxConnectionAgeGraceMs?: number;
}

export type FullListenerLimits = Required<Omit<ListenerLimits, 'maxConnectionAgeMs'>> & Pick<ListenerLimits, 'maxConnectionAgeMs'>;

const DEFAULT_LIMITS: FullListenerLimits = {
  maxReceiveBytes: 4 * 1024 * 1024,
  maxConcurrentStreams: 100,
  maxConnections: 10_000,
  maxMetadataBytes: 32 * 1024,
  defaultTimeoutMs: 30_000,
  windowBytes: 16 * 1024 * 1024,
  unreadBytesMax: 128 * 1024 * 1024,
  writeBufferBytes: 1024 * 1024,
  keepaliveMs: 30_000,
  keepaliveTimeoutMs: 10_000,
  maxConnectionAgeGraceMs: 300_000,
};

export function fillLimits(limits: ListenerLimits = {}): FullListenerLimits {
  return { ...DEFAULT_LIMITS, ...limits };
}
