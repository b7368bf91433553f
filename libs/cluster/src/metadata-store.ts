import { assert, type MoldauError } from '@moldau/kernel';

/**
 * The store of the cluster's metadata, with etcd's semantics:
 * - one global revision, +1 for each transaction that changed anything, never for one that did not;
 * - a transaction is atomic, and all its changes carry its revision;
 * - reads without a revision are linearizable;
 * - keys are printable ASCII, ordered by their bytes.
 *
 * Values are shared by reference: neither side changes one after handing it over.
 *
 * Every call settles within a deadline of the implementation and rejects only with a MoldauError:
 * METADATA_STORE_UNAVAILABLE (indefinite: a transaction may have happened), METADATA_COMPACTED, LEASE_LOST.
 * No call retries a transaction by itself: a repeated compare-and-set would report a loss where it won.
 */
export interface MetadataStore {
  /** The newest entry of one key. */
  get(key: string): Promise<GetResult>;
  /** One page of the entries under a prefix, in the order of their keys. Rejects METADATA_COMPACTED for a revision that is gone. */
  range(request: RangeRequest): Promise<RangeResult>;
  /** Runs all operations when every comparison holds, else none. */
  transact(transaction: Transaction): Promise<TransactionResult>;
  /**
   * Delivers every revision above `after` that changed something under the prefix, whole, once, in order. Broken connections
   * are resumed inside without a gap; where the history is gone, `compacted` ends the watch and the caller lists again.
   */
  watch(request: WatchRequest, events: WatchEvents): Watch;
  /** Takes a lease and keeps it alive until it is revoked or lost. Rejects METADATA_STORE_UNAVAILABLE. */
  lease(ttlMs: number, events: LeaseEvents): Promise<Lease>;
  /** Ends watches and keep-alives; leases run out by themselves. Later calls reject METADATA_STORE_UNAVAILABLE. */
  close(): Promise<void>;
}

/** Comparisons, and operations, that one transaction may have: etcd's default `--max-txn-ops`. */
export const TRANSACTION_OPERATIONS_MAX = 128;
/** Bytes of keys and values in one transaction; etcd refuses requests above 1.5 MiB. */
export const TRANSACTION_BYTES_MAX = 1024 * 1024;
/** Entries of one page of `range`. */
export const RANGE_LIMIT_MAX = 10_000;
/** The page that `range` answers when the caller names no limit: small enough for etcd's 4 MiB messages with records of 1 KiB. */
export const RANGE_LIMIT_DEFAULT = 2_000;
/** Shortest lease: etcd grants none below its election timeout of 1 s, rounded up. */
export const LEASE_TTL_MS_MIN = 2_000;

/** A value with the revisions that made it. */
export interface StoredEntry {
  readonly key: string;
  readonly value: Uint8Array;
  /** Revision at which the key came to be, since it was last absent. */
  readonly createRevision: number;
  /** Revision of its newest change. */
  readonly modRevision: number;
}

export interface GetResult {
  /** Undefined when the key is absent. */
  readonly entry: StoredEntry | undefined;
  /** Revision of the store when it was read. */
  readonly revision: number;
}

export interface RangeRequest {
  readonly prefix: string;
  /** Only keys behind this one; the last key of the page before. */
  readonly after?: string;
  /** Reads the past; without it the newest revision. Pages of one listing name the revision that the first page answered. */
  readonly revision?: number;
  /** Default RANGE_LIMIT_DEFAULT. */
  readonly limit?: number;
}

export interface RangeResult {
  readonly entries: readonly StoredEntry[];
  /** The revision that was read. */
  readonly revision: number;
  /** There are keys behind the last one. */
  readonly more: boolean;
}

/** What a transaction requires of one key. */
export type Comparison =
  | { readonly kind: 'absent'; readonly key: string }
  | { readonly kind: 'created-at'; readonly key: string; readonly revision: number }
  | { readonly kind: 'modified-at'; readonly key: string; readonly revision: number }
  | { readonly kind: 'value'; readonly key: string; readonly value: Uint8Array };

/** What a transaction does. One transaction touches a key at most once. */
export type Operation =
  | { readonly kind: 'put'; readonly key: string; readonly value: Uint8Array; readonly lease?: LeaseId }
  | { readonly kind: 'delete'; readonly key: string }
  | { readonly kind: 'delete-prefix'; readonly prefix: string };

export interface Transaction {
  readonly comparisons: readonly Comparison[];
  readonly operations: readonly Operation[];
}

export interface TransactionResult {
  readonly succeeded: boolean;
  /** The transaction's own revision when it changed something, else the store's. */
  readonly revision: number;
}

export type StoreEvent =
  | {
      readonly kind: 'put';
      readonly key: string;
      readonly value: Uint8Array;
      readonly createRevision: number;
      readonly modRevision: number;
    }
  | { readonly kind: 'delete'; readonly key: string; readonly modRevision: number };

/** All changes under the watched prefix that one transaction made. */
export interface RevisionEvents {
  readonly revision: number;
  readonly events: readonly StoreEvent[];
}

export interface WatchRequest {
  readonly prefix: string;
  /** The newest revision that the caller has seen. */
  readonly after: number;
}

/** No callback runs after `compacted`, nor after `cancel`. */
export interface WatchEvents {
  revision(changes: RevisionEvents): void;
  /** A sign of life at least every WATCH_PROGRESS_MS while the store is reachable: everything up to `revision` has been delivered. */
  progress(revision: number): void;
  /** The history above the newest delivered revision is gone; the watch is over. */
  compacted(error: MoldauError): void;
}

/** Longest silence of a healthy watch. A watcher that hears nothing for several of these knows that its image may be old. */
export const WATCH_PROGRESS_MS = 1_000;

export interface Watch {
  /** Idempotent. */
  cancel(): void;
}

/** Names a lease in `put`. */
export type LeaseId = string & { readonly leaseId: unique symbol };

export interface LeaseEvents {
  /** Runs once, at the local deadline or when the store says that the lease is gone; not after `revoke`. */
  lost(error: MoldauError): void;
}

/**
 * A lease that is kept alive. Its keys are deleted when it ends. It is a hint, never a lock: the holder may be paused past its
 * deadline without knowing, so every write is fenced by a comparison besides.
 */
export interface Lease {
  readonly id: LeaseId;
  /** What the store granted, which may be more than was asked for. */
  readonly ttlMs: number;
  /** Monotonic time until which the store surely keeps the lease: sending of the last answered keep-alive + ttl. */
  deadlineMs(): number;
  /** False from the local deadline on, before `lost` has run too. */
  alive(): boolean;
  /** Ends the lease and deletes its keys; resolves also when it was lost already. */
  revoke(): Promise<void>;
}

const LEGAL_KEY = /^[!-~]+$/;

/** Crashes on a transaction that no implementation could run: a bug of the caller. */
export function assertTransaction(transaction: Transaction): void {
  const { comparisons, operations } = transaction;
  assert(operations.length > 0, 'a transaction does something', {});
  assert(comparisons.length <= TRANSACTION_OPERATIONS_MAX, 'comparisons of a transaction', {
    count: comparisons.length,
    limit: TRANSACTION_OPERATIONS_MAX,
  });
  assert(operations.length <= TRANSACTION_OPERATIONS_MAX, 'operations of a transaction', {
    count: operations.length,
    limit: TRANSACTION_OPERATIONS_MAX,
  });
  const keys = new Set<string>();
  const prefixes: string[] = [];
  let bytes = 0;
  for (const operation of operations) {
    const key = operation.kind === 'delete-prefix' ? operation.prefix : operation.key;
    assert(LEGAL_KEY.test(key), 'a key is printable ASCII and not empty', { key });
    assert(!keys.has(key), 'one transaction touches a key once', { key });
    keys.add(key);
    if (operation.kind === 'delete-prefix') prefixes.push(key);
    bytes += key.length + (operation.kind === 'put' ? operation.value.length : 0);
  }
  for (const prefix of prefixes) {
    for (const key of keys) assert(key === prefix || !key.startsWith(prefix), 'one transaction touches a key once', { prefix, key });
  }
  assert(bytes <= TRANSACTION_BYTES_MAX, 'bytes of a transaction', { bytes, limit: TRANSACTION_BYTES_MAX });
}
