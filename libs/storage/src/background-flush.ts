import { forEachBounded } from './disk-calls.ts';
import type { PartitionState } from './partition-state.ts';
import { syncWritten, writeUnwritten } from './segment-writer.ts';
import type { StorageContext } from './storage-context.ts';

/**
 * What happens behind the acknowledgements: flushes `flush=async` partitions each second, and moves batches from the
 * journal's keeping to their segments so that its files can be used again.
 */
export class BackgroundFlush {
  readonly #context: StorageContext;
  readonly #states: () => Iterable<PartitionState>;
  #flushing: Promise<void> | undefined;
  #emptying: Promise<void> | undefined;

  constructor(context: StorageContext, states: () => Iterable<PartitionState>) {
    this.#context = context;
    this.#states = states;
  }

  /** Makes what `flush=async` partitions, or all, have written durable; calls while one runs share it. */
  flush(which: 'async' | 'all'): Promise<void> {
    this.#flushing ??= this.#flushNow(which).finally(() => {
      this.#flushing = undefined;
    });
    return this.#flushing;
  }

  /** Writes journalled batches to their segments when the ring fills, memory does, or they have waited long enough. */
  tick(): void {
    const { journal, settings, unwrittenBytes, ports } = this.#context;
    const since = journal.heldSinceMs;
    if (since === undefined || this.#emptying !== undefined) return;
    const old = ports.clock.monotonicMs() - since >= settings.journalLagMs;
    const crowded = journal.crowded || unwrittenBytes > settings.unwrittenBytesMax / 4;
    if (old || crowded) void this.#emptyWhileCrowded(old ? 'all' : 'oldest');
  }

  /** Has segments take over what the oldest journal file, or every one, holds. */
  async empty(which: 'oldest' | 'all'): Promise<void> {
    while (this.#emptying !== undefined) await this.#emptying;
    this.#emptying = this.#emptyNow(which).finally(() => {
      this.#emptying = undefined;
    });
    await this.#emptying;
  }

  async #flushNow(which: 'async' | 'all'): Promise<void> {
    const dirty: PartitionState[] = [];
    for (const state of this.#states()) {
      const ours = which === 'all' || state.config.flush === 'async';
      if (ours && state.status.kind === 'online' && (state.flushedEnd < state.writtenEnd || state.hasDirty)) dirty.push(state);
    }
    if (dirty.length === 0) return;
    // 1. The journal, once for all that went through it.
    const journaled = dirty.filter((state) => state.journalSyncedEnd < state.journaledEnd);
    if (journaled.length > 0 && !(await this.#syncJournal(journaled))) return;
    // 2. The segments of the others.
    const left = dirty.filter((state) => state.hasDirty);
    await forEachBounded(left, this.#context.settings.flushConcurrency, async (state) => {
      await state.syncs.run(() => syncWritten(this.#context, state));
      this.#context.descriptors.wake();
    });
  }

  async #syncJournal(states: readonly PartitionState[]): Promise<boolean> {
    const covered = states.map((state) => ({ state, end: state.journaledEnd, truncations: state.truncations }));
    try {
      await this.#context.journal.sync();
    } catch (error) {
      this.#context.fail(error, 'a sync of the journal');
      return false;
    }
    for (const { state, end, truncations } of covered) {
      if (state.truncations !== truncations) continue;
      state.journalSyncedEnd = Math.max(state.journalSyncedEnd, end);
      state.advance();
    }
    return true;
  }

  async #emptyWhileCrowded(which: 'oldest' | 'all'): Promise<void> {
    await this.empty(which);
    // Nothing to gain while the disk takes nothing.
    if (this.#context.journal.crowded && this.#context.condition.kind === 'online') this.tick();
  }

  async #emptyNow(which: 'oldest' | 'all'): Promise<void> {
    const { journal, settings } = this.#context;
    await forEachBounded(journal.held(which), settings.flushConcurrency, async (state) => {
      await state.writes.run(() => writeUnwritten(this.#context, state));
      await state.syncs.run(() => syncWritten(this.#context, state));
      this.#context.descriptors.wake();
    });
    journal.reclaim();
  }
}
