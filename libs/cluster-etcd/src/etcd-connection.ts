import { type Clock, MoldauError, type Scheduler, type Timer } from '@moldau/kernel';
import { type EtcdAccess, EtcdClient } from './etcd-client.ts';
import { toMoldauError } from './etcd-error.ts';

export interface EtcdConnectionOptions extends EtcdAccess {
  /** `host:port`, or with `http://` or `https://` before it; at least one. */
  readonly endpoints: readonly string[];
  /** When an unanswered call is given up. */
  readonly callTimeoutMs: number;
}

export interface CallOptions {
  /** Passed to grpc, so that it forgets the call too. */
  readonly deadline: number;
}

interface Header {
  readonly cluster_id: string;
  readonly revision: string;
}

/** grpc's own deadline comes a little after ours, which goes by the monotonic clock. */
const GRPC_DEADLINE_MARGIN_MS = 250;
/** Between two attempts of a read. */
const READ_RETRY_DELAY_MS = 50;

/**
 * The endpoints of one etcd cluster. One is used until it fails, then the next. Every call settles within the timeout.
 * A linearizable answer from another cluster, or from before one that was seen, is refused.
 */
export class EtcdConnection {
  private readonly clock: Clock;
  private readonly scheduler: Scheduler;
  private readonly callTimeoutMs: number;
  private readonly clients: readonly EtcdClient[];
  private current = 0;
  private closed = false;
  private clusterId: string | undefined;
  private newestRevision = 0;

  constructor(clock: Clock, scheduler: Scheduler, options: EtcdConnectionOptions) {
    if (options.endpoints.length === 0)
      throw new MoldauError('INVALID_CONFIG', 'etcd endpoints: at least one is needed', { setting: 'endpoints', value: '' });
    this.clock = clock;
    this.scheduler = scheduler;
    this.callTimeoutMs = options.callTimeoutMs;
    this.clients = options.endpoints.map((endpoint) => new EtcdClient(endpoint, options));
  }

  /** The endpoint in use. */
  client(): EtcdClient {
    return this.clients[this.current % this.clients.length] as EtcdClient;
  }

  /** Newest revision that a linearizable answer had. */
  seenRevision(): number {
    return this.newestRevision;
  }

  /** Turns to the next endpoint, unless someone did already. */
  avoid(client: EtcdClient): void {
    if (this.client() === client) this.current = (this.current + 1) % this.clients.length;
  }

  /** One attempt, for what must not be repeated. */
  async once<Answer>(call: (client: EtcdClient, options: CallOptions) => Promise<Answer>): Promise<Answer> {
    return this.attempt(call, this.callTimeoutMs);
  }

  /** For reads: attempts at one endpoint after the other until the timeout. */
  async read<Answer>(call: (client: EtcdClient, options: CallOptions) => Promise<Answer>): Promise<Answer> {
    const untilMs = this.clock.monotonicMs() + this.callTimeoutMs;
    const shareMs = this.callTimeoutMs / Math.min(this.clients.length, 2);
    for (;;) {
      const leftMs = untilMs - this.clock.monotonicMs();
      try {
        return await this.attempt(call, Math.max(1, Math.min(shareMs, leftMs)));
      } catch (error) {
        const failed = MoldauError.from(error);
        const leftAfterMs = untilMs - this.clock.monotonicMs();
        if (failed.reason !== 'METADATA_STORE_UNAVAILABLE' || this.closed || leftAfterMs <= READ_RETRY_DELAY_MS) throw failed;
        await new Promise<void>((resolve) => this.scheduler.after(READ_RETRY_DELAY_MS, resolve));
      }
    }
  }

  /** Checks the header of a linearizable answer to a call sent when `seenBefore` was the newest revision; returns its revision. */
  accept(header: Header, seenBefore: number): number {
    const revision = Number(header.revision);
    this.clusterId ??= header.cluster_id;
    if (header.cluster_id !== this.clusterId) {
      const facts = { expected: this.clusterId, found: header.cluster_id };
      throw new MoldauError('METADATA_STORE_UNAVAILABLE', 'another etcd cluster answers than before', facts);
    }
    if (revision < seenBefore) {
      const facts = { revision: String(revision), seen: String(seenBefore) };
      throw new MoldauError(
        'METADATA_STORE_UNAVAILABLE',
        `etcd is at revision ${revision} after ${seenBefore} was seen: was a backup restored?`,
        facts,
      );
    }
    this.newestRevision = Math.max(this.newestRevision, revision);
    return revision;
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    for (const client of this.clients) client.close();
  }

  private attempt<Answer>(call: (client: EtcdClient, options: CallOptions) => Promise<Answer>, timeoutMs: number): Promise<Answer> {
    if (this.closed) return Promise.reject(new MoldauError('METADATA_STORE_UNAVAILABLE', 'the connection to etcd is closed'));
    const client = this.client();
    return new Promise((resolve, reject) => {
      let timer: Timer | undefined;
      const fail = (caught: unknown): void => {
        timer?.cancel();
        const error = toMoldauError(caught, client.endpoint);
        if (error.reason === 'METADATA_STORE_UNAVAILABLE') this.avoid(client);
        reject(error);
      };
      timer = this.scheduler.after(timeoutMs, () => fail(new Error(`no answer within ${timeoutMs} ms`)));
      call(client, { deadline: this.clock.wallMs() + timeoutMs + GRPC_DEADLINE_MARGIN_MS }).then((answer) => {
        timer?.cancel();
        resolve(answer);
      }, fail);
    });
  }
}
