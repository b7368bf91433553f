import {
  assertTransaction,
  keepLease,
  LEASE_TTL_MS_MIN,
  type Lease,
  type LeaseEvents,
  type LeaseId,
  type MetadataStore,
  RANGE_LIMIT_DEFAULT,
  type RangeRequest,
  type RangeResult,
  type Transaction,
  type TransactionResult,
} from '@moldau/cluster';
import { assert, type Clock, type Logger, MoldauError, type Scheduler } from '@moldau/kernel';
import type { EtcdAccess } from './etcd-client.ts';
import { EtcdConnection } from './etcd-connection.ts';
import { decodeEntry, encodeComparison, encodeOperation, keyBytes, prefixEnd } from './etcd-encoding.ts';
import { EtcdWatch } from './etcd-watch.ts';

export interface EtcdStoreDeps {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
}

export interface EtcdStoreOptions extends EtcdAccess {
  /** `host:port`, or with `http://` or `https://` before it; at least one. */
  readonly endpoints: readonly string[];
  /** When an unanswered call is given up. Default 2,000 ms. */
  readonly callTimeoutMs?: number;
}

const CALL_TIMEOUT_MS = 2_000;
const SECOND_MS = 1_000;

/** A MetadataStore on etcd ≥ 3.4. Connects when first used. */
export function createEtcdMetadataStore(deps: EtcdStoreDeps, options: EtcdStoreOptions): MetadataStore {
  return new EtcdMetadataStore(deps, options);
}

class EtcdMetadataStore implements MetadataStore {
  private readonly deps: EtcdStoreDeps;
  private readonly connection: EtcdConnection;
  private readonly open = new Set<() => void>();
  private closed = false;

  constructor(deps: EtcdStoreDeps, options: EtcdStoreOptions) {
    this.deps = deps;
    this.connection = new EtcdConnection(deps.clock, deps.scheduler, {
      ...options,
      callTimeoutMs: options.callTimeoutMs ?? CALL_TIMEOUT_MS,
    });
  }

  get: MetadataStore['get'] = async (key) => {
    const { entries, revision } = await this.readRange({ key: keyBytes(key) }, undefined);
    return { entry: entries[0], revision };
  };

  range: MetadataStore['range'] = (request: RangeRequest) => {
    const { prefix, after, revision, limit = RANGE_LIMIT_DEFAULT } = request;
    const from = after === undefined || after < prefix ? prefix : `${after}\0`;
    return this.readRange({ key: keyBytes(from), range_end: prefixEnd(prefix), limit }, revision);
  };

  transact: MetadataStore['transact'] = async (transaction: Transaction): Promise<TransactionResult> => {
    assertTransaction(transaction);
    const request = { compare: transaction.comparisons.map(encodeComparison), success: transaction.operations.map(encodeOperation) };
    const seenBefore = this.connection.seenRevision();
    const { succeeded, header } = await this.connection.once((client, options) => client.kv.txn(request, options));
    return { succeeded, revision: this.connection.accept(header, seenBefore) };
  };

  watch: MetadataStore['watch'] = (request, events) => {
    if (this.closed) return { cancel: () => undefined };
    const watch = new EtcdWatch({ ...this.deps, connection: this.connection }, request, events);
    return { cancel: this.register(() => watch.cancel()) };
  };

  lease: MetadataStore['lease'] = async (askedMs: number, events: LeaseEvents): Promise<Lease> => {
    assert(askedMs > 0, 'a lease lasts', { askedMs });
    const { clock, scheduler } = this.deps;
    const seconds = Math.ceil(Math.max(askedMs, LEASE_TTL_MS_MIN) / SECOND_MS);
    const grantedAtMs = clock.monotonicMs();
    const granted = await this.connection.once((client, options) => client.leaseClient.leaseGrant({ TTL: seconds, ID: 0 }, options));
    const id = granted.ID as LeaseId;
    const ttlMs = Number(granted.TTL) * SECOND_MS;
    const keeper = keepLease({ clock, scheduler }, { ttlMs, grantedAtMs, renew: () => this.renew(id), events });
    const stop = this.register(keeper.stop);
    return { id, ttlMs, deadlineMs: keeper.deadlineMs, alive: keeper.alive, revoke: () => this.revoke(id, stop) };
  };

  close: MetadataStore['close'] = async () => {
    this.closed = true;
    for (const close of this.open) close();
    this.open.clear();
    this.connection.close();
  };

  private async readRange(key: { key: Buffer; range_end?: Buffer; limit?: number }, revision: number | undefined): Promise<RangeResult> {
    const seenBefore = this.connection.seenRevision();
    const request = revision === undefined ? key : { ...key, revision };
    const { kvs, more, header } = await this.connection.read((client, options) => client.kv.range(request, options));
    const newest = this.connection.accept(header, seenBefore);
    return { entries: kvs.map(decodeEntry), more, revision: revision ?? newest };
  }

  /** One keep-alive on a stream of its own: a stream kept open may fall silent. */
  private renew(id: LeaseId): Promise<'alive' | 'gone'> {
    return this.connection.once(async (client, options) => {
      const stream = await client.leaseClient.leaseKeepAlive(options);
      try {
        return await new Promise((resolve, reject) => {
          stream.on('data', (answer) => resolve(Number(answer.TTL) > 0 ? 'alive' : 'gone'));
          stream.on('error', reject);
          stream.on('end', () => reject(new Error('the keep-alive stream ended')));
          stream.write({ ID: id });
        });
      } finally {
        stream.end();
      }
    });
  }

  private async revoke(id: LeaseId, stop: () => void): Promise<void> {
    stop();
    try {
      await this.connection.once((client, options) => client.leaseClient.leaseRevoke({ ID: id }, options));
    } catch (error) {
      if (MoldauError.from(error).reason !== 'LEASE_LOST') throw error;
    }
  }

  private register(close: () => void): () => void {
    this.open.add(close);
    return () => {
      this.open.delete(close);
      close();
    };
  }
}
