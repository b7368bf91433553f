import {
  CONTROLLER_KEY,
  type Comparison,
  clusterPrefix,
  type MetadataImage,
  type MetadataStore,
  type Operation,
  type RecordWrite,
  WRITES_PER_TRANSACTION_MAX,
} from '@moldau/cluster';
import { assert, type Clock, type ControllerEpoch, type Counter, MoldauError, type Scheduler } from '@moldau/kernel';
import type { ImageKeeper } from './image-keeper.ts';
import { SerialQueue } from './serial-queue.ts';

export interface FencedWriterDeps {
  readonly store: MetadataStore;
  readonly scheduler: Scheduler;
  readonly clock: Clock;
  readonly keeper: ImageKeeper;
  readonly clusterName: string;
  readonly epoch: ControllerEpoch;
  readonly conflicts: Counter;
  /** Told when the store shows that another controller has been elected. */
  fenced(): void;
}

/** Attempts at a decision that others' changes keep overtaking. */
const ATTEMPTS_MAX = 10;
/** Wait for the image to show what a comparison failed on. */
const CONFLICT_WAIT_MS = 50;
/** Transactions under way beside each other: their round trips overlap, and etcd still has room for its other clients. */
const TRANSACTIONS_IN_FLIGHT_MAX = 8;
/** Writes of one round of transactions. */
export const WRITES_PER_ROUND_MAX = TRANSACTIONS_IN_FLIGHT_MAX * WRITES_PER_TRANSACTION_MAX;

/** Writes of one transaction each. */
export type Batches = readonly (readonly RecordWrite[])[];

/**
 * The only way a controller changes the metadata: one decision at a time, from the newest image, in transactions that compare
 * the controller's key and every record they were decided on. So a controller that lost its place writes nothing, however
 * late it learns of it.
 */
export class FencedWriter {
  private readonly deps: FencedWriterDeps;
  private readonly queue = new SerialQueue();
  private over = false;

  constructor(deps: FencedWriterDeps) {
    this.deps = deps;
  }

  /** Refuses from now on. */
  stop(): void {
    this.over = true;
  }

  /**
   * Decides and writes in one transaction; decides again when a comparison failed. `decide` may throw a MoldauError, which
   * rejects the call. Resolves once the image shows the write. No writes: nothing to do, resolves at once.
   * Rejects FENCED_CONTROLLER, CONCURRENT_CHANGE, METADATA_STORE_UNAVAILABLE (indefinite).
   */
  change<Result>(decide: (image: MetadataImage) => { readonly writes: readonly RecordWrite[]; readonly result: Result }): Promise<{
    readonly result: Result;
    readonly revision: number;
  }> {
    return this.queue.run(async () => {
      for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
        if (this.over) throw fencedController();
        const { writes, result } = decide(this.deps.keeper.image());
        if (writes.length === 0) return { result, revision: this.deps.keeper.image().version };
        const [revision] = await this.write([writes]);
        if (revision !== undefined) return { result, revision };
        await this.afterConflict();
      }
      throw overtaken();
    });
  }

  /**
   * Decides once and writes several transactions beside each other, which touch different keys. Resolves, once the image shows
   * them, to the revision of each; undefined where a comparison failed: the caller decides again. Rejects as `change` does; some
   * of the transactions may have happened then.
   */
  changeMany<Result>(decide: (image: MetadataImage) => { readonly batches: Batches; readonly result: Result }): Promise<{
    readonly result: Result;
    readonly revisions: readonly (number | undefined)[];
  }> {
    return this.queue.run(async () => {
      if (this.over) throw fencedController();
      const { batches, result } = decide(this.deps.keeper.image());
      const revisions = await this.write(batches);
      if (revisions.includes(undefined)) await this.afterConflict();
      return { result, revisions };
    });
  }

  /**
   * Decides each item alone, with one write at most, and writes those of many items together. Items that were overtaken, or
   * that touch the same record as one before them, are decided again. Other decisions get their turn in between. Rejects as
   * `change` does; some items may have been written then.
   */
  async changeEach<Item, Result>(
    items: readonly Item[],
    decide: (image: MetadataImage, item: Item) => { readonly write: RecordWrite | undefined; readonly result: Result },
  ): Promise<Result[]> {
    const results = new Map<number, Result>();
    let conflicts = 0;
    for (let pending = [...items.keys()]; pending.length > 0; pending = pending.filter((index) => !results.has(index))) {
      const { result: round, revisions } = await this.changeMany((image) => {
        const decided = decideRound(pending, (index) => decide(image, items[index] as Item));
        return { batches: inBatches([...decided.writes.values()]), result: decided };
      });
      [...round.writes.keys()].forEach((index, position) => {
        if (revisions[Math.floor(position / WRITES_PER_TRANSACTION_MAX)] === undefined) round.results.delete(index);
      });
      for (const [index, result] of round.results) results.set(index, result);
      if (revisions.includes(undefined)) conflicts += 1;
      if (conflicts >= ATTEMPTS_MAX) throw overtaken();
    }
    assert(results.size === items.length, 'every item was decided', { decided: results.size, items: items.length });
    return items.map((_, index) => results.get(index) as Result);
  }

  private async afterConflict(): Promise<void> {
    this.deps.conflicts.add(1);
    await new Promise<void>((resolve) => this.deps.scheduler.after(CONFLICT_WAIT_MS, resolve));
  }

  /** Revisions of the transactions; undefined: a comparison failed, and this is still the controller. */
  private async write(batches: Batches): Promise<(number | undefined)[]> {
    assert(batches.length <= TRANSACTIONS_IN_FLIGHT_MAX, 'transactions of one decision', { count: batches.length });
    const outcomes = await Promise.allSettled(batches.map((writes) => this.transact(writes)));
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
    const revisions = outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : undefined));
    const newest = Math.max(0, ...revisions.map((revision) => revision ?? 0));
    if (newest > 0) await this.deps.keeper.reached(newest);
    if (revisions.includes(undefined)) await this.assertController();
    return revisions;
  }

  private async transact(writes: readonly RecordWrite[]): Promise<number | undefined> {
    assert(writes.length <= WRITES_PER_TRANSACTION_MAX, 'writes of one transaction', { count: writes.length });
    const { store, clusterName, epoch } = this.deps;
    const prefix = clusterPrefix(clusterName);
    const controller: Comparison = { kind: 'created-at', key: prefix + CONTROLLER_KEY, revision: epoch };
    const comparisons = [controller, ...writes.flatMap((write) => comparisonOf(write, prefix))];
    const { succeeded, revision } = await store.transact({ comparisons, operations: writes.map((write) => operationOf(write, prefix)) });
    return succeeded ? revision : undefined;
  }

  /** Asks the store itself why a comparison failed. */
  private async assertController(): Promise<void> {
    const { store, clusterName, epoch } = this.deps;
    const { entry } = await store.get(clusterPrefix(clusterName) + CONTROLLER_KEY);
    if (entry?.createRevision === epoch) return;
    this.over = true;
    this.deps.fenced();
    throw fencedController();
  }
}

export function fencedController(): MoldauError {
  return new MoldauError('NOT_CONTROLLER', 'this coordinator is not the controller any more');
}

/** Writes that any transactions may hold, in as few as can be. */
export function inBatches(writes: readonly RecordWrite[]): RecordWrite[][] {
  const batches: RecordWrite[][] = [];
  for (let from = 0; from < writes.length; from += WRITES_PER_TRANSACTION_MAX) {
    batches.push(writes.slice(from, from + WRITES_PER_TRANSACTION_MAX));
  }
  return batches;
}

/** Results, and in the same order the writes, of as many items as one round takes; each key once. */
function decideRound<Result>(
  pending: readonly number[],
  decide: (index: number) => { readonly write: RecordWrite | undefined; readonly result: Result },
) {
  const results = new Map<number, Result>();
  const writes = new Map<number, RecordWrite>();
  const keys = new Set<string>();
  for (const index of pending) {
    if (results.size >= WRITES_PER_ROUND_MAX) break;
    const { write, result } = decide(index);
    if (write !== undefined) {
      if (keys.has(write.key)) continue;
      keys.add(write.key);
      writes.set(index, write);
    }
    results.set(index, result);
  }
  return { results, writes };
}

function overtaken(): MoldauError {
  return new MoldauError('CONCURRENT_CHANGE', `the metadata changed ${ATTEMPTS_MAX} times while it was being changed`);
}

function comparisonOf({ key, expected }: RecordWrite, prefix: string): Comparison[] {
  if (expected === 'any') return [];
  if (expected === 'absent') return [{ kind: 'absent', key: prefix + key }];
  return [{ kind: 'modified-at', key: prefix + key, revision: expected }];
}

function operationOf({ key, value }: RecordWrite, prefix: string): Operation {
  return value === undefined ? { kind: 'delete', key: prefix + key } : { kind: 'put', key: prefix + key, value };
}
