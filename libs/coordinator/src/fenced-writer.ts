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

/**
 * The only way a controller changes the metadata: one decision at a time, from the newest image, in a transaction that
 * compares the controller's key and every record it was decided on. So a controller that lost its place writes nothing,
 * however late it learns of it.
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
   * Decides and writes; decides again when a comparison failed. `decide` may throw a MoldauError, which rejects the call.
   * Resolves once the image shows the write. No writes: nothing to do, resolves at once.
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
        const revision = await this.write(writes);
        if (revision !== undefined) return { result, revision };
        this.deps.conflicts.add(1);
        await new Promise<void>((resolve) => this.deps.scheduler.after(CONFLICT_WAIT_MS, resolve));
      }
      throw new MoldauError('CONCURRENT_CHANGE', `the metadata changed ${ATTEMPTS_MAX} times while it was being changed`);
    });
  }

  /** Undefined: a comparison failed, and this is still the controller. */
  private async write(writes: readonly RecordWrite[]): Promise<number | undefined> {
    assert(writes.length <= WRITES_PER_TRANSACTION_MAX, 'writes of one transaction', { count: writes.length });
    const { store, keeper, clusterName, epoch } = this.deps;
    const prefix = clusterPrefix(clusterName);
    const controller: Comparison = { kind: 'created-at', key: prefix + CONTROLLER_KEY, revision: epoch };
    const comparisons = [controller, ...writes.flatMap((write) => comparisonOf(write, prefix))];
    const { succeeded, revision } = await store.transact({ comparisons, operations: writes.map((write) => operationOf(write, prefix)) });
    if (succeeded) {
      await keeper.reached(revision);
      return revision;
    }
    const { entry } = await store.get(prefix + CONTROLLER_KEY);
    if (entry?.createRevision === epoch) return undefined;
    this.over = true;
    this.deps.fenced();
    throw fencedController();
  }
}

export function fencedController(): MoldauError {
  return new MoldauError('NOT_CONTROLLER', 'this coordinator is not the controller any more');
}

function comparisonOf({ key, expected }: RecordWrite, prefix: string): Comparison[] {
  if (expected === 'any') return [];
  if (expected === 'absent') return [{ kind: 'absent', key: prefix + key }];
  return [{ kind: 'modified-at', key: prefix + key, revision: expected }];
}

function operationOf({ key, value }: RecordWrite, prefix: string): Operation {
  return value === undefined ? { kind: 'delete', key: prefix + key } : { kind: 'put', key: prefix + key, value };
}
