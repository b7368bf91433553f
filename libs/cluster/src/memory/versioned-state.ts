import { assert, MoldauError, present } from '@moldau/kernel';
import {
  assertTransaction,
  type Comparison,
  type GetResult,
  type LeaseId,
  type Operation,
  RANGE_LIMIT_DEFAULT,
  RANGE_LIMIT_MAX,
  type RangeRequest,
  type RangeResult,
  type RevisionEvents,
  type StoredEntry,
  type StoreEvent,
  type Transaction,
  type TransactionResult,
} from '../metadata-store.ts';
import { type Tree, treeGet, treePut, treeRemove, treeScan } from './persistent-tree.ts';

/**
 * Events kept for watches and reads of the past; older revisions are compacted. Each keeps alive some 20 nodes of the tree,
 * so this bounds the history to a few tens of MiB.
 */
export const HISTORY_EVENTS_MAX = 20_000;

/** The history is trimmed when it is this much over its bound, so that a transaction's share of the trimming stays small. */
const TRIM_SLACK = 1.25;

export interface LeasedEntry extends StoredEntry {
  readonly lease: LeaseId | undefined;
}

/** One staged transaction: what a log must hold to repeat it. */
export interface StagedChange extends RevisionEvents {
  /** Leases of the keys that were put on one. */
  readonly leases: ReadonlyMap<string, LeaseId>;
  readonly root: Tree<LeasedEntry>;
}

export interface StateImage {
  readonly revision: number;
  readonly root: Tree<LeasedEntry>;
}

/**
 * The state of a metadata store in memory, with its recent history. A transaction is *staged* (evaluated, head moved) and later
 * *published* (visible to readers), so that a log can be flushed in between.
 */
export class VersionedState {
  private head: StateImage;
  private published: StateImage;
  private compacted: StateImage;
  /** history[i] has revision compacted + 1 + i; up to the head. */
  private history: StagedChange[] = [];
  private historyEvents = 0;
  private readonly keysOfLease = new Map<LeaseId, Set<string>>();

  constructor(initial: StateImage = { revision: 1, root: undefined }) {
    this.head = initial;
    this.published = initial;
    this.compacted = initial;
    treeScan(initial.root, '', (_, entry) => {
      this.indexLease(undefined, entry);
      return true;
    });
  }

  /** Newest revision, published or not. */
  headRevision(): number {
    return this.head.revision;
  }

  /** What readers see. */
  image(): StateImage {
    return this.published;
  }

  /** Changes at or below this revision are gone. */
  compactedRevision(): number {
    return this.compacted.revision;
  }

  /** Evaluates against the head and changes it; readers see it once it is published. */
  stage(transaction: Transaction): TransactionResult & { readonly change: StagedChange | undefined } {
    assertTransaction(transaction);
    const { revision, root } = this.head;
    if (!transaction.comparisons.every((comparison) => holds(comparison, treeGet(root, comparison.key)))) {
      return { succeeded: false, revision, change: undefined };
    }
    const events = transaction.operations.flatMap((operation) => eventsOf(operation, root, revision + 1));
    if (events.length === 0) return { succeeded: true, revision, change: undefined };
    const change = this.advance(events, leasesOf(transaction.operations));
    return { succeeded: true, revision: change.revision, change };
  }

  /** Stages a change that a log holds. */
  replay(changes: RevisionEvents, leases: ReadonlyMap<string, LeaseId>): void {
    assert(changes.revision === this.head.revision + 1, 'a log is replayed without gaps', {
      revision: changes.revision,
      head: this.head.revision,
    });
    this.advance(changes.events, leases);
  }

  /** Stages the deletion of all keys of a lease; undefined when it has none. */
  stageLeaseEnd(lease: LeaseId): StagedChange | undefined {
    const keys = [...(this.keysOfLease.get(lease) ?? [])].sort();
    this.keysOfLease.delete(lease);
    if (keys.length === 0) return undefined;
    const modRevision = this.head.revision + 1;
    const events = keys.map((key): StoreEvent => ({ kind: 'delete', key, modRevision }));
    return this.advance(events, new Map());
  }

  /** Makes every revision up to this one visible. */
  publish(revision: number): void {
    assert(revision <= this.head.revision, 'only staged revisions are published', { revision, head: this.head.revision });
    if (revision <= this.published.revision) return;
    this.published = this.imageAt(revision);
    if (this.historyEvents <= HISTORY_EVENTS_MAX * TRIM_SLACK) return;
    let keep = this.historyEvents;
    let to = this.compacted.revision;
    while (keep > HISTORY_EVENTS_MAX && to < revision) {
      keep -= this.changeAt(to + 1).events.length;
      to += 1;
    }
    this.compact(to);
  }

  get(key: string): GetResult {
    return { entry: treeGet(this.published.root, key), revision: this.published.revision };
  }

  range(request: RangeRequest): RangeResult {
    const revision = request.revision ?? this.published.revision;
    assert(revision <= this.published.revision, 'nobody knows a revision before it is published', {
      revision,
      published: this.published.revision,
    });
    if (revision < this.compacted.revision) throw compactedError(revision, this.compacted.revision);
    return scan(this.imageAt(revision).root, request, revision);
  }

  /** Published changes above `after`, oldest first, at most `limit` of them; throws METADATA_COMPACTED when some are gone. */
  changesAfter(after: number, limit: number): readonly RevisionEvents[] {
    if (after < this.compacted.revision) throw compactedError(after + 1, this.compacted.revision);
    const from = after - this.compacted.revision;
    return this.history.slice(from, Math.min(this.published.revision - this.compacted.revision, from + limit));
  }

  /** Forgets the changes up to this revision. */
  compact(revision: number): void {
    const to = Math.min(revision, this.published.revision);
    if (to <= this.compacted.revision) return;
    const image = this.imageAt(to);
    const count = to - this.compacted.revision;
    for (const change of this.history.slice(0, count)) this.historyEvents -= change.events.length;
    this.history = this.history.slice(count);
    this.compacted = image;
  }

  private imageAt(revision: number): StateImage {
    if (revision === this.published.revision) return this.published;
    if (revision === this.compacted.revision) return this.compacted;
    return { revision, root: this.changeAt(revision).root };
  }

  private changeAt(revision: number): StagedChange {
    return present(this.history[revision - this.compacted.revision - 1], 'the history is without gaps');
  }

  private advance(events: readonly StoreEvent[], leases: ReadonlyMap<string, LeaseId>): StagedChange {
    const revision = this.head.revision + 1;
    let root = this.head.root;
    for (const event of events) {
      const before = treeGet(root, event.key);
      const after = event.kind === 'put' ? entryOf(event, leases.get(event.key)) : undefined;
      root = after === undefined ? treeRemove(root, event.key) : treePut(root, event.key, after);
      this.indexLease(before, after);
    }
    const change = { revision, events, leases, root };
    this.head = { revision, root };
    this.history.push(change);
    this.historyEvents += events.length;
    return change;
  }

  private indexLease(before: LeasedEntry | undefined, after: LeasedEntry | undefined): void {
    if (before?.lease !== undefined) this.keysOfLease.get(before.lease)?.delete(before.key);
    if (after?.lease === undefined) return;
    const keys = this.keysOfLease.get(after.lease) ?? new Set();
    this.keysOfLease.set(after.lease, keys.add(after.key));
  }
}

function holds(comparison: Comparison, entry: StoredEntry | undefined): boolean {
  switch (comparison.kind) {
    case 'absent':
      return entry === undefined;
    case 'created-at':
      return entry?.createRevision === comparison.revision;
    case 'modified-at':
      return entry?.modRevision === comparison.revision;
    case 'value':
      return entry !== undefined && sameBytes(entry.value, comparison.value);
  }
}

function eventsOf(operation: Operation, root: Tree<LeasedEntry>, modRevision: number): StoreEvent[] {
  switch (operation.kind) {
    case 'put': {
      const createRevision = treeGet(root, operation.key)?.createRevision ?? modRevision;
      return [{ kind: 'put', key: operation.key, value: operation.value, createRevision, modRevision }];
    }
    case 'delete':
      return treeGet(root, operation.key) === undefined ? [] : [{ kind: 'delete', key: operation.key, modRevision }];
    case 'delete-prefix': {
      const events: StoreEvent[] = [];
      treeScan(root, operation.prefix, (key) => {
        if (!key.startsWith(operation.prefix)) return false;
        events.push({ kind: 'delete', key, modRevision });
        return true;
      });
      return events;
    }
  }
}

function leasesOf(operations: readonly Operation[]): ReadonlyMap<string, LeaseId> {
  const leases = new Map<string, LeaseId>();
  for (const operation of operations) {
    if (operation.kind === 'put' && operation.lease !== undefined) leases.set(operation.key, operation.lease);
  }
  return leases;
}

function scan(root: Tree<LeasedEntry>, request: RangeRequest, revision: number): RangeResult {
  const { prefix, after, limit = RANGE_LIMIT_DEFAULT } = request;
  assert(limit > 0 && limit <= RANGE_LIMIT_MAX, 'limit of a range', { limit, max: RANGE_LIMIT_MAX });
  const entries: StoredEntry[] = [];
  let more = false;
  treeScan(root, after === undefined || after < prefix ? prefix : after, (key, entry) => {
    if (key === after) return true;
    if (!key.startsWith(prefix)) return false;
    more = entries.length === limit;
    if (!more) entries.push(entry);
    return !more;
  });
  return { entries, revision, more };
}

function entryOf(event: StoreEvent & { readonly kind: 'put' }, lease: LeaseId | undefined): LeasedEntry {
  return { key: event.key, value: event.value, createRevision: event.createRevision, modRevision: event.modRevision, lease };
}

function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, i) => byte === right[i]);
}

function compactedError(wanted: number, compactedRevision: number): MoldauError {
  const facts = { revision: String(wanted), compacted: String(compactedRevision) };
  return new MoldauError(
    'METADATA_COMPACTED',
    `revision ${wanted} of the metadata is gone, the oldest kept is ${compactedRevision}`,
    facts,
  );
}
