import { forEachBounded } from './disk-calls.ts';
import { Journal, type JournalShare } from './journal.ts';
import type { PartitionState } from './partition-state.ts';
import { syncWritten, writeUnwritten } from './segment-writer.ts';
import type { StorageContext } from './storage-context.ts';

/** Above this many bytes per partition, writing them twice costs more than a sync per file. */
const JOURNAL_BYTES_PER_PARTITION_MAX = 64 * 1024;

/** Partitions of one round: its work in memory stays a matter of milliseconds; the others share the next. */
const ROUND_PARTITIONS_MAX = 1024;

type Lane = 'sync' | 'async';

/**
 * Carries appended batches to the disk. Two lanes, so that `flush=async` never waits for anyone's sync:
 *
 * - sync: group commit. One round at a time; partitions that get batches meanwhile share the next. A round writes and syncs
 *   the segment of each partition, or, with more than `journalThreshold` partitions, the journal once.
 * - async: at the end of each turn, partitions with new batches are written; their flush comes with the background flush.
 *   More than `journalThreshold` in a turn go to the journal, unsynced: a killed process loses nothing acknowledged.
 */
export class CommitLanes {
  readonly #context: StorageContext;
  readonly #waiting: Record<Lane, Set<PartitionState>> = { sync: new Set(), async: new Set() };
  /** Partitions of the async lane whose write is under way. */
  readonly #writing = new Set<PartitionState>();
  #turnScheduled = false;
  #roundRunning = false;
  #idleWaiters: (() => void)[] = [];
  /** When the sync round under way began; undefined: none is. */
  #roundSinceMs: number | undefined;
  #longestRoundMs = 0;

  constructor(context: StorageContext) {
    this.#context = context;
  }

  submit(state: PartitionState): void {
    this.#waiting[state.config.flush].add(state);
    this.#scheduleTurn();
  }

  /** Longest sync round, one under way included, since this was asked last, in milliseconds. */
  takeLongestRoundMs(): number {
    const underWayMs = this.#roundSinceMs === undefined ? 0 : this.#context.ports.clock.monotonicMs() - this.#roundSinceMs;
    const longestMs = Math.max(this.#longestRoundMs, underWayMs);
    this.#longestRoundMs = 0;
    return longestMs;
  }

  #scheduleTurn(): void {
    if (this.#turnScheduled) return;
    this.#turnScheduled = true;
    this.#context.ports.scheduler.nextTurn(() => this.#turn());
  }

  /** Resolves when nothing waits and nothing is under way. */
  async drain(): Promise<void> {
    while (this.#busy()) await new Promise<void>((resolve) => this.#idleWaiters.push(resolve));
  }

  /** Makes one more journal file, in the background of what calls it. */
  async prepareJournal(): Promise<void> {
    try {
      await this.#context.journal.prepare();
    } catch (error) {
      this.#context.ports.logger.warn('the journal gets no further file', { error: String(error) });
    }
  }

  #turn(): void {
    this.#turnScheduled = false;
    if (this.#waiting.sync.size > 0 && !this.#roundRunning) void this.#syncRounds();
    if (this.#waiting.async.size > 0) this.#asyncTurn();
  }

  async #syncRounds(): Promise<void> {
    this.#roundRunning = true;
    const { clock } = this.#context.ports;
    while (this.#waiting.sync.size > 0 && this.#context.condition.kind !== 'offline') {
      const beganMs = clock.monotonicMs();
      this.#roundSinceMs = beganMs;
      const round = takeSome(this.#waiting.sync);
      const direct = await this.#commitToJournal(round, 'sync');
      await forEachBounded(direct, this.#context.settings.commitConcurrency, (state) => this.#commitToSegments(state, 'sync'));
      this.#roundSinceMs = undefined;
      this.#longestRoundMs = Math.max(this.#longestRoundMs, clock.monotonicMs() - beganMs);
    }
    this.#roundRunning = false;
    this.#settled();
  }

  #asyncTurn(): void {
    const ready = takeSome(this.#waiting.async, (state) => !this.#writing.has(state));
    for (const state of ready) this.#writing.add(state);
    void this.#writeAsync(ready);
    if (ready.length === ROUND_PARTITIONS_MAX) this.#scheduleTurn();
  }

  async #writeAsync(ready: readonly PartitionState[]): Promise<void> {
    const direct = new Set(await this.#commitToJournal(ready, 'async'));
    for (const state of ready) if (!direct.has(state)) this.#asyncDone(state);
    await forEachBounded(direct, this.#context.settings.commitConcurrency, async (state) => {
      await this.#commitToSegments(state, 'async');
      this.#asyncDone(state);
    });
    this.#settled();
  }

  #asyncDone(state: PartitionState): void {
    this.#writing.delete(state);
    if (this.#waiting.async.has(state)) this.submit(state);
  }

  async #commitToSegments(state: PartitionState, lane: Lane): Promise<void> {
    this.#context.metrics.directRounds.add(1);
    await state.writes.run(() => writeUnwritten(this.#context, state));
    if (lane === 'sync') await state.syncs.run(() => syncWritten(this.#context, state));
  }

  /** Commits what it can through the journal; returns the partitions that are left. */
  async #commitToJournal(round: readonly PartitionState[], lane: Lane): Promise<readonly PartitionState[]> {
    const { journal, settings, metrics, condition } = this.#context;
    if (round.length <= settings.journalThreshold || condition.kind !== 'online') return round;
    const able = round.filter((state) => mayUseJournal(state, lane));
    const shares = able.map((state): JournalShare => ({ state, entries: state.unjournaled() })).filter(({ entries }) => entries.length > 0);
    const bytes = Journal.sizeOf(shares);
    const worth = shares.length > settings.journalThreshold && bytes <= shares.length * JOURNAL_BYTES_PER_PARTITION_MAX;
    // Batches in the journal stay in memory until their segments have them.
    const pinnedFits = this.#context.unwrittenBytes <= settings.unwrittenBytesMax / 2;
    if (!worth || !pinnedFits) return round;
    if (journal.wantsFile) void this.prepareJournal();
    if (!journal.fits(bytes)) return round;
    metrics.journalRounds.add(1);
    const before = shares.map(({ state }) => state.truncations);
    for (const { state, entries } of shares) state.journalPendingEnd = entries.at(-1)?.endOffset ?? state.journalPendingEnd;
    // A truncation meanwhile has made these entries void.
    const valid = (): JournalShare[] => shares.filter(({ state }, index) => state.truncations === before[index]);
    try {
      await journal.append(shares);
      noteWritten(valid());
      this.#context.watchJournal();
      if (lane === 'sync') {
        await journal.sync();
        noteSynced(valid());
      }
    } catch (error) {
      // Whether the entries are there is unknown, so nothing may be taken back.
      this.#context.fail(error, 'a write to the journal');
      return [];
    }
    const done = new Set(shares.map(({ state }) => state));
    return round.filter((state) => !done.has(state) && !able.includes(state));
  }

  #busy(): boolean {
    const { sync, async: later } = this.#waiting;
    const waiting = this.#context.condition.kind !== 'offline' && (sync.size > 0 || later.size > 0);
    return waiting || this.#roundRunning || this.#writing.size > 0;
  }

  #settled(): void {
    if (this.#busy()) return;
    for (const waiter of this.#idleWaiters.splice(0)) waiter();
  }
}

/** Takes the first partitions out of the set, as many as one round may have. */
function takeSome(waiting: Set<PartitionState>, mayGo: (state: PartitionState) => boolean = () => true): PartitionState[] {
  const round: PartitionState[] = [];
  for (const state of waiting) {
    if (round.length === ROUND_PARTITIONS_MAX) break;
    if (!mayGo(state)) continue;
    round.push(state);
    waiting.delete(state);
  }
  return round;
}

/** A sync round needs all that lies before the journal's part to be durable already. */
function mayUseJournal(state: PartitionState, lane: Lane): boolean {
  if (state.status.kind !== 'online' || state.paused !== undefined) return false;
  return lane === 'async' || state.flushedEnd === state.writtenEnd;
}

function noteWritten(shares: readonly JournalShare[]): void {
  for (const { state, entries } of shares) {
    const first = entries[0];
    const last = entries.at(-1);
    if (first === undefined || last === undefined) continue;
    // A gap since the journal's last batch of this log: a new run begins.
    if (first.baseOffset > state.journaledEnd) state.journalFrom = first.baseOffset;
    state.journaledEnd = Math.max(state.journaledEnd, last.endOffset);
    state.advance();
  }
}

/** Rounds already written when a sync began are durable when it ends. */
function noteSynced(shares: readonly JournalShare[]): void {
  for (const { state, entries } of shares) {
    state.journalSyncedEnd = Math.max(state.journalSyncedEnd, entries.at(-1)?.endOffset ?? 0);
    state.advance();
  }
}
