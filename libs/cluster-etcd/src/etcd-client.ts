import { Etcd3, type IDuplexStream, type IOptions, type IWatchProgressRequest, type IWatchRequest, type IWatchResponse } from 'etcd3';

/** Messages of etcd are below 2 MiB each way, but a batch of watch events may be more. */
const RECEIVE_BYTES_MAX = 64 * 1024 * 1024;
const RECONNECT_BACKOFF_MS_MIN = 100;
const RECONNECT_BACKOFF_MS_MAX = 1_000;
/** etcd cuts connections that are pinged more often than each 5 s. */
const KEEPALIVE_TIME_MS = 10_000;
const KEEPALIVE_TIMEOUT_MS = 3_000;

export interface EtcdCredentials {
  /** PEM. */
  readonly rootCertificate: Buffer;
  readonly privateKey?: Buffer;
  readonly certificateChain?: Buffer;
}

export interface EtcdAccess {
  /** TLS; endpoints then begin with `https://`. */
  readonly credentials?: EtcdCredentials;
  readonly user?: { readonly name: string; readonly password: string };
}

export interface WatchStream extends Omit<IDuplexStream<IWatchRequest, IWatchResponse>, 'write'> {
  write(request: IWatchRequest | { readonly progress_request: IWatchProgressRequest }): void;
}

interface StreamMetadata {
  clone(): StreamMetadata;
  set(key: string, value: string): void;
}

interface RawWatchClient {
  watch(metadata: StreamMetadata, options: object): WatchStream;
}

/**
 * etcd3's client of one endpoint, with all it does by itself switched off: no retries (a repeated transaction would answer
 * "not succeeded" where the first attempt won), no circuit breaker, no watch manager, no lease loop, no election.
 */
export class EtcdClient extends Etcd3 {
  readonly endpoint: string;

  constructor(endpoint: string, access: EtcdAccess) {
    super(clientOptions(endpoint, access));
    this.endpoint = endpoint;
  }

  /**
   * A bare watch stream. `hasleader`: a member that is cut off from its leader ends the stream instead of being silent.
   * Its `error` events always have a listener.
   */
  async openWatchStream(): Promise<WatchStream> {
    return this.pool.withConnection('Watch', ({ client, metadata }) => {
      const withLeader = (metadata as unknown as StreamMetadata).clone();
      withLeader.set('hasleader', 'true');
      const stream = (client as unknown as RawWatchClient).watch(withLeader, {});
      stream.on('error', () => undefined);
      return stream;
    });
  }
}

function clientOptions(endpoint: string, access: EtcdAccess): IOptions {
  const { credentials, user } = access;
  return {
    hosts: endpoint,
    faultHandling: { host: () => passThrough, global: passThrough },
    grpcOptions: {
      'grpc.max_receive_message_length': RECEIVE_BYTES_MAX,
      'grpc.initial_reconnect_backoff_ms': RECONNECT_BACKOFF_MS_MIN,
      'grpc.max_reconnect_backoff_ms': RECONNECT_BACKOFF_MS_MAX,
      'grpc.keepalive_time_ms': KEEPALIVE_TIME_MS,
      'grpc.keepalive_timeout_ms': KEEPALIVE_TIMEOUT_MS,
      'grpc.enable_retries': 0,
    },
    ...(credentials === undefined ? {} : { credentials: pemOptions(credentials) }),
    ...(user === undefined ? {} : { auth: { username: user.name, password: user.password } }),
  };
}

function pemOptions(credentials: EtcdCredentials): NonNullable<IOptions['credentials']> {
  const { rootCertificate, privateKey, certificateChain } = credentials;
  return {
    rootCertificate,
    ...(privateKey === undefined ? {} : { privateKey }),
    ...(certificateChain === undefined ? {} : { certChain: certificateChain }),
  };
}

type Policy = NonNullable<NonNullable<IOptions['faultHandling']>['global']>;

const noEvent = (): { dispose: () => void } => ({ dispose: () => undefined });

/** Runs the call once. */
const passThrough = {
  _altReturn: undefined as never,
  onSuccess: noEvent,
  onFailure: noEvent,
  execute: async (call: (context: { signal: AbortSignal }) => unknown) => call({ signal: NEVER_ABORTED }),
} as unknown as Policy;

const NEVER_ABORTED = new AbortController().signal;
