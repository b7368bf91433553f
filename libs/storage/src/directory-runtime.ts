import { MoldauError, type Timer } from '@moldau/kernel';
import { BackgroundFlush } from './background-flush.ts';
import { forgetBoot } from './boot-id.ts';
import { CommitLanes } from './commit-lanes.ts';
import { DescriptorCache } from './descriptor-cache.ts';
import { isDiskError, nextTurn, removeIfThere } from './disk-calls.ts';
import { type CheckpointEntry, HighWatermarkCheckpoint, type ReadCheckpoint } from './high-watermark-checkpoint.ts';
import { IndexCache } from './index-cache.ts';
import { Journal } from './journal.ts';
import { KeyRoom } from './keyed-batches.ts';
import { type DynamicSettings, keepFreeBytes, type LogDirectorySettings, type StoragePorts } from './options.ts';
import type { PartitionState } from './partition-state.ts';
import { JOURNAL_DIRECTORY } from './paths.ts';
import { ReadBuffers } from './read-buffers.ts';
import { sealSegments } from './roll.ts';
import { SpaceReserve } from './space-reserve.ts';
import type { DirectoryCondition, StorageContext } from './storage-context.ts';
import { createStorageMetrics, type StorageMetrics } from './storage-metrics.ts';
import { TailCache } from './tail-cache.ts';

/** Space must grow this much above the low mark before appends resume, so that the state does not flutter. */
const RESUME_FACTOR = 1.1;

export interface RuntimeOptions {
  readonly root: string;
  readonly settings: LogDirectorySettings;
  readonly checkpoint: ReadCheckpoint;
  readonly nextGeneration: number;
  readonly nextSequence: number;
  readonly onOffline: (reason: string) => void;
}

/** The shared parts of an open directory, and its condition. */
export class DirectoryRuntime implements StorageContext {
  readonly ports: StoragePorts;
  settings: LogDirectorySettings;
  readonly root: string;
  readonly keys = new KeyRoom();
  readonly tails: TailCache;
  readonly readBuffers = new ReadBuffers();
  readonly descriptors: DescriptorCache;
  readonly indexes: IndexCache;
  readonly journal: Journal;
  readonly checkpoint: HighWatermarkCheckpoint;
  readonly metrics: StorageMetrics;
  readonly reserve: SpaceReserve;
  readonly lanes: CommitLanes;
  readonly flusher: BackgroundFlush;
  /** By `partitionKey`. */
  readonly states = new Map<string, PartitionState>();
  condition: DirectoryCondition = { kind: 'online' };
  unwrittenBytes = 0;
  spaceLeftBytes = Number.POSITIVE_INFINITY;
  /** Bytes free when last looked at. */
  freeBytes = 0;
  #closing = false;
  #resizing = false;
  readonly #onOffline: (reason: string) => void;
  readonly #timers = new Set<Timer>();
  readonly #sealing = new Set<PartitionState>();

  constructor(ports: StoragePorts, options: RuntimeOptions) {
    const { root, settings } = options;
    const { disk, scheduler, clock } = ports;
    this.ports = ports;
    this.settings = settings;
    this.root = root;
    this.#onOffline = options.onOffline;
    this.metrics = createStorageMetrics(ports.meter);
    this.tails = new TailCache(settings.tailCacheBytes, () => this.metrics.tailSlabsGivenUp.add(1));
    this.metrics.tailBytes.observe(() => this.tails.allocatedBytes);
    this.metrics.tailSlabsHeld.observe(() => this.tails.heldSlabs);
    this.descriptors = new DescriptorCache(disk, settings.openFilesMax, () => void this.flusher.flush('all'));
    this.indexes = new IndexCache(disk, scheduler, this.descriptors, settings.indexCacheBytes);
    this.journal = new Journal({
      disk,
      directory: `${root}/${JOURNAL_DIRECTORY}`,
      fileBytes: settings.journalFileBytes,
      filesMax: settings.journalFilesMax,
      firstGeneration: options.nextGeneration,
      firstSequence: options.nextSequence,
      scheduler,
      nowMs: () => clock.monotonicMs(),
    });
    this.checkpoint = new HighWatermarkCheckpoint(disk, scheduler, root, options.checkpoint.sequence, () => this.#checkpointEntries());
    this.reserve = new SpaceReserve(disk, root, settings.reserveBytes);
    this.lanes = new CommitLanes(this);
    this.flusher = new BackgroundFlush(this, () => this.states.values());
  }

  get closing(): boolean {
    return this.#closing;
  }

  submit(state: PartitionState): void {
    this.lanes.submit(state);
  }

  watchJournal(): void {
    this.flusher.tick();
  }

  requestSeal(state: PartitionState): void {
    if (this.#sealing.has(state)) return;
    this.#sealing.add(state);
    void state.maintenance.run(async () => {
      this.#sealing.delete(state);
      await this.attempt('sealing a segment', () => this.#seal(state));
    });
  }

  /** Seals now what is to be sealed; runs under `state.maintenance`. */
  async sealAll(state: PartitionState): Promise<void> {
    if (state.segments.some((segment) => segment.phase === 'sealing')) await this.#seal(state);
  }

  /** On a full disk only what is to be deleted is rolled, and at the end all has to be sealed: both may have the reserve. */
  async #seal(state: PartitionState): Promise<void> {
    if (this.condition.kind === 'full' || this.#closing) await this.reserve.use(() => sealSegments(this, state));
    else await sealSegments(this, state);
  }

  enterFull(): void {
    if (this.condition.kind !== 'online') return;
    this.condition = { kind: 'full' };
    this.ports.logger.warn('the disk is full; appends are refused until space returns', { path: this.root, freeBytes: this.freeBytes });
  }

  fail(error: unknown, what: string): MoldauError {
    const reason = `${what} failed: ${error instanceof Error ? error.message : String(error)}`;
    const failure = new MoldauError('LOG_DIRECTORY_FAILED_AFTER_APPEND', reason, { path: this.root }, { cause: error });
    if (this.condition.kind === 'offline') return failure;
    this.condition = { kind: 'offline', reason };
    this.ports.logger.error('the data directory goes offline', { path: this.root, reason });
    // As far as the disk still takes anything.
    forgetBoot(this.ports.disk, this.root).catch(() => {});
    for (const state of this.states.values()) state.fail({ kind: 'offline', reason }, failure);
    this.#onOffline(reason);
    return failure;
  }

  sideFileFailure(error: unknown, what: string): MoldauError {
    if (!isDiskError(error, 'no-space')) return this.fail(error, what);
    this.enterFull();
    return new MoldauError('DISK_FULL', `no space was left for ${what}`, { path: this.root }, { cause: error });
  }

  removeLater(path: string, delayMs: number): void {
    this.after(delayMs, async () => {
      await removeIfThere(this.ports.disk, path);
    });
  }

  /** Runs background work of which a failure for want of space is tried again by its next occasion, and any other is final. */
  async attempt(what: string, work: () => Promise<void>): Promise<void> {
    if (this.condition.kind === 'offline') return;
    try {
      await work();
    } catch (error) {
      if (isDiskError(error, 'no-space')) this.enterFull();
      else if (!(error instanceof MoldauError)) this.fail(error, what);
    }
  }

  /** Once, after so long, unless the directory closes before. */
  after(delayMs: number, work: () => Promise<void>): void {
    if (this.#closing) return;
    const timer = this.ports.scheduler.after(
      delayMs,
      () => {
        this.#timers.delete(timer);
        void this.attempt('background work', work);
      },
      { background: true },
    );
    this.#timers.add(timer);
  }

  /** Again and again, so long after the last time ended. */
  every(intervalMs: number, work: () => Promise<void>): void {
    this.after(intervalMs, async () => {
      await this.attempt('background work', work);
      if (this.condition.kind !== 'offline') this.every(intervalMs, work);
    });
  }

  stopTimers(): void {
    this.#closing = true;
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }

  /** Takes new settings into use; a smaller tail cache shrinks over some turns of the event loop. */
  reconfigure(settings: DynamicSettings): void {
    this.settings = { ...this.settings, ...settings };
    if (this.#resizing) return;
    this.#resizing = true;
    void this.#resizeTails();
  }

  async #resizeTails(): Promise<void> {
    while (!this.tails.resizeTowards(this.settings.tailCacheBytes)) await nextTurn(this.ports.scheduler);
    this.#resizing = false;
  }

  /** Looks at the free space; leaves or enters the full state. */
  async checkSpace(): Promise<void> {
    const { freeBytes, totalBytes } = await this.ports.disk.space(this.root);
    this.freeBytes = freeBytes;
    const low = keepFreeBytes(this.settings, totalBytes);
    await this.reserve.refill(freeBytes - low);
    this.spaceLeftBytes = freeBytes - low - this.unwrittenBytes;
    if (this.condition.kind === 'online' && freeBytes < low) this.enterFull();
    if (this.condition.kind !== 'full' || freeBytes < low * RESUME_FACTOR || freeBytes === 0 || !this.reserve.held) return;
    this.condition = { kind: 'online' };
    this.ports.logger.info('space has returned; appends go on', { path: this.root, freeBytes });
    for (const state of this.states.values()) {
      if (state.segments.some((segment) => segment.phase === 'sealing')) this.requestSeal(state);
    }
  }

  *#checkpointEntries(): Generator<CheckpointEntry> {
    for (const [key, state] of this.states) {
      const corrupt = state.status.kind === 'corrupt';
      // Nothing may be claimed that a power loss could take; what was claimed of a damaged log stays claimed.
      const highWatermark = corrupt ? state.highWatermark : Math.min(state.highWatermark, state.flushedEnd);
      if (highWatermark === 0 || state.status.kind === 'closed') continue;
      const { epoch, startOffset } = (corrupt ? undefined : state.epochs.entryAt(highWatermark - 1)) ?? { epoch: -1, startOffset: -1 };
      yield { key, logId: state.logId, highWatermark, epoch, epochStart: startOffset };
    }
  }
}
