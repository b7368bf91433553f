import { assert, MoldauError, type Offset, type PartitionIndex, partitionKey, type TopicId, type TopicPartition } from '@moldau/kernel';
import { writeCleanShutdown } from './clean-shutdown.ts';
import type { Cleaner } from './compaction/cleaner.ts';
import type { DirectoryMeta } from './directory-meta.ts';
import type { DirectoryRuntime } from './directory-runtime.ts';
import { isDiskError, nextTurn } from './disk-calls.ts';
import { removeJournal } from './journal-recovery.ts';
import { startMaintenance } from './maintenance.ts';
import { describeManifest, writeManifest } from './manifest.ts';
import type { DynamicSettings } from './options.ts';
import type { PartitionConfig } from './partition-config.ts';
import { PartitionLog } from './partition-log.ts';
import { type Damage, PartitionState } from './partition-state.ts';
import { DELETED_SUFFIX, JOURNAL_DIRECTORY, partitionDirectory } from './paths.ts';
import { writeSegmentIndexes } from './roll.ts';
import { Segment } from './segment.ts';
import { inSteps, PARTITIONS_PER_STEP } from './steps.ts';
import type { DirectoryCondition } from './storage-context.ts';
import { TopicDirectories } from './topic-directories.ts';

/** An active segment with more than this gets an index file at shutdown; less is scanned when first read from disk. */
const INDEX_AT_SHUTDOWN_BYTES = 1024 * 1024;

/** How opening went. */
export interface RecoveryReport {
  /** After a clean shutdown nothing had to be read. */
  readonly clean: boolean;
  /** The machine has not been started anew since: also what was written and not flushed is there, unless it is listed as cut. */
  readonly keptWritten: boolean;
  readonly durationMs: number;
  readonly partitions: number;
  /** Logs that lost bytes at their end: suspect. */
  readonly cut: readonly (TopicPartition & { readonly endOffset: number; readonly bytes: number })[];
  readonly corrupt: readonly (TopicPartition & { readonly where: Damage })[];
}

/** Bytes, as of now. */
export interface LogDirectoryStats {
  readonly storedBytes: number;
  /** Appended and in no segment file yet. */
  readonly unwrittenBytes: number;
  readonly tailBytes: number;
  /** When last looked at. */
  readonly freeBytes: number;
  readonly openFiles: number;
  readonly partitions: number;
}

/** An open data directory: the partitions in it, and the work behind them. Made by `openLogDirectory`. */
export class LogDirectory {
  readonly meta: DirectoryMeta;
  readonly recovery: RecoveryReport;
  readonly #runtime: DirectoryRuntime;
  readonly #unlock: () => Promise<void>;
  readonly #logs = new Map<string, PartitionLog>();
  readonly #creating = new Map<string, Promise<PartitionLog>>();
  readonly #deleting = new Map<string, Promise<void>>();
  readonly #topics: TopicDirectories;
  readonly #cleaner: Cleaner;

  constructor(runtime: DirectoryRuntime, meta: DirectoryMeta, recovery: RecoveryReport, unlock: () => Promise<void>) {
    this.#runtime = runtime;
    this.meta = meta;
    this.recovery = recovery;
    this.#unlock = unlock;
    this.#topics = new TopicDirectories(runtime.ports.disk, runtime.root);
    for (const [key, state] of runtime.states) {
      this.#logs.set(key, new PartitionLog(runtime, state));
      if (state.segments.length > 1 && state.status.kind === 'online') runtime.requestSeal(state);
    }
    this.#cleaner = startMaintenance(runtime);
    this.#prepareJournal();
  }

  get condition(): DirectoryCondition {
    return this.#runtime.condition;
  }

  get stats(): LogDirectoryStats {
    const { states, unwrittenBytes, freeBytes, tails, descriptors } = this.#runtime;
    let storedBytes = 0;
    for (const state of states.values()) storedBytes += state.sizeBytes;
    return { storedBytes, unwrittenBytes, tailBytes: tails.bytes, freeBytes, openFiles: descriptors.openFiles, partitions: states.size };
  }

  /** Longest round of flushes (flush=sync), one under way included, since this was asked last, in milliseconds; 0: none. */
  takeLongestFlushMs(): number {
    return this.#runtime.lanes.takeLongestRoundMs();
  }

  partitions(): IterableIterator<PartitionLog> {
    return this.#logs.values();
  }

  partition(topicId: TopicId, partition: PartitionIndex): PartitionLog | undefined {
    return this.#logs.get(partitionKey(topicId, partition));
  }

  /** Partitions on this disk that the cluster's metadata does not give to it: kept until they are listed as deleted or an operator acts. */
  unknownPartitions(isKnown: (place: TopicPartition) => boolean): TopicPartition[] {
    return [...this.#logs.values()].map(({ topicId, partition }) => ({ topicId, partition })).filter((place) => !isKnown(place));
  }

  /**
   * Makes an empty log; one that exists gets the settings and is returned.
   *
   * @throws MoldauError PARTITION_OFFLINE when it exists and is damaged, DISK_FULL, LOG_DIRECTORY_OFFLINE
   */
  async createPartition(topicId: TopicId, partition: PartitionIndex, config: PartitionConfig): Promise<PartitionLog> {
    const key = partitionKey(topicId, partition);
    await this.#deleting.get(key);
    const existing = this.#logs.get(key) ?? (await this.#creating.get(key));
    if (existing !== undefined) {
      if (existing.status.kind !== 'online') throw this.#state(key).offlineError();
      await existing.reconfigure(config);
      return existing;
    }
    return this.#creatingOnce(key, this.#create(topicId, partition, config, 0));
  }

  /**
   * Removes the log with all its data, whatever its status, and makes an empty one that begins at `startOffset`: for a replica
   * of which nothing can be kept. A crash between leaves none, or an empty one that begins at 0.
   *
   * @throws MoldauError DISK_FULL, LOG_DIRECTORY_OFFLINE
   */
  async beginAnew(topicId: TopicId, partition: PartitionIndex, config: PartitionConfig, startOffset: Offset): Promise<PartitionLog> {
    await this.deletePartition(topicId, partition);
    const key = partitionKey(topicId, partition);
    assert(!this.#creating.has(key), 'a partition that begins anew is not being made', { key });
    return this.#creatingOnce(key, this.#create(topicId, partition, config, startOffset));
  }

  async #creatingOnce(key: string, creating: Promise<PartitionLog>): Promise<PartitionLog> {
    this.#creating.set(key, creating);
    try {
      return await creating;
    } finally {
      this.#creating.delete(key);
    }
  }

  /** Removes a log with all its data, whatever its status; nothing happens when there is none. Durable when it resolves. */
  async deletePartition(topicId: TopicId, partition: PartitionIndex): Promise<void> {
    const key = partitionKey(topicId, partition);
    await this.#creating.get(key);
    const running = this.#deleting.get(key);
    const state = this.#runtime.states.get(key);
    if (running !== undefined || state === undefined) return running;
    const deleting = state.maintenance.run(() => this.#delete(key, state));
    this.#deleting.set(key, deleting);
    try {
      await deleting;
    } finally {
      this.#deleting.delete(key);
    }
  }

  /** Takes settings that may change at run time into use, at once; those left out stay. */
  reconfigure(settings: DynamicSettings): void {
    this.#runtime.reconfigure(settings);
  }

  /**
   * Clean shutdown: everything is flushed, then the marker is written, so that the next opening need not read the logs.
   * The owner has stopped appending. When something fails, the marker is left out.
   */
  async close(): Promise<void> {
    const runtime = this.#runtime;
    runtime.stopTimers();
    await this.#cleaner.stop();
    const states = [...runtime.states.values()];
    await runtime.lanes.drain();
    // What the journal holds goes to segments.
    if (runtime.condition.kind === 'full') await runtime.attempt('a clean shutdown', () => runtime.reserve.giveUp());
    await runtime.flusher.empty('all');
    for (const [index, state] of states.entries()) {
      if (index % PARTITIONS_PER_STEP === 0) await nextTurn(runtime.ports.scheduler);
      await state.maintenance.run(() => runtime.attempt('sealing a segment', () => this.#closeSegments(state)));
    }
    await runtime.flusher.flush('all');
    await runtime.flusher.flush('all');
    await runtime.attempt('a clean shutdown', () => this.#writeMarker(states));
    const closed = new MoldauError('SHUTTING_DOWN', 'the data directory is closed', {});
    await inSteps(runtime.ports.scheduler, states, (state) => state.fail({ kind: 'closed' }, closed));
    for (const state of states) if (!state.maintenance.idle) await state.maintenance.run(async () => {});
    await runtime.descriptors.close();
    await runtime.journal.close();
    await this.#unlock();
  }

  /** More partitions than a round writes one by one: there will be rounds for the journal. */
  #prepareJournal(): void {
    const { states, settings, journal, lanes } = this.#runtime;
    if (states.size > settings.journalThreshold && journal.isUnprepared) void lanes.prepareJournal();
  }

  #state(key: string): PartitionState {
    const state = this.#runtime.states.get(key);
    assert(state !== undefined, 'a log has its state', { key });
    return state;
  }

  async #create(topicId: TopicId, partition: PartitionIndex, config: PartitionConfig, startOffset: number): Promise<PartitionLog> {
    const runtime = this.#runtime;
    const { disk, ids } = runtime.ports;
    if (runtime.condition.kind === 'offline') {
      const facts = { path: runtime.root, limit: runtime.condition.reason };
      throw new MoldauError('LOG_DIRECTORY_OFFLINE', `the data directory failed: ${runtime.condition.reason}`, facts);
    }
    const directory = partitionDirectory(runtime.root, topicId, partition);
    const identity = { topicId, partition, directory, logId: ids.uuid(), config };
    const state = new PartitionState(identity, [new Segment(directory, startOffset)], runtime);
    state.startOffset = startOffset;
    state.highWatermark = startOffset;
    state.settle();
    try {
      await this.#topics.making(topicId, async () => {
        await disk.makeDirectory(directory);
        // The file that makes it a partition; before it, a crash leaves an empty directory that counts for nothing.
        await writeManifest(disk, directory, describeManifest(state));
      });
    } catch (error) {
      throw runtime.sideFileFailure(error, 'creating a partition');
    }
    const key = partitionKey(topicId, partition);
    const log = new PartitionLog(runtime, state);
    runtime.states.set(key, state);
    this.#logs.set(key, log);
    this.#prepareJournal();
    return log;
  }

  async #delete(key: string, state: PartitionState): Promise<void> {
    const runtime = this.#runtime;
    const { disk, ids } = runtime.ports;
    state.fail(
      { kind: 'closed' },
      new MoldauError('UNKNOWN_PARTITION', 'the partition is being deleted', { partition: String(state.partition) }),
    );
    await state.writes.run(() => state.syncs.run(() => state.manifest.run(async () => {})));
    runtime.journal.release(state);
    this.#logs.delete(key);
    runtime.states.delete(key);
    state.tail.clear();
    state.producers.clear();
    for (const segment of state.segments) {
      for (const entry of segment.unwritten.splice(0)) runtime.unwrittenBytes -= entry.sizeBytes;
      segment.phase = 'removed';
      runtime.indexes.forget(segment);
    }
    const deleted = `${state.directory}.${ids.uuid()}${DELETED_SUFFIX}`;
    try {
      // 1. Nobody will miss it: its high watermark is forgotten, durably.
      await runtime.reserve.use(() => runtime.checkpoint.write());
      // 2. It is gone in one step; what is left of it is removed now or at the next opening.
      await runtime.reserve.use(() => disk.rename(state.directory, deleted));
      await this.#topics.syncNames(state.topicId);
    } catch (error) {
      if (isDiskError(error, 'not-found')) return;
      throw runtime.sideFileFailure(error, 'deleting a partition');
    }
    for (const segment of state.segments) await runtime.descriptors.discard(segment);
    runtime.after(state.config.fileDeleteDelayMs, async () => {
      await disk.removeTree(deleted);
      await this.#topics.removeIfEmpty(state.topicId);
    });
  }

  async #closeSegments(state: PartitionState): Promise<void> {
    const { active } = state;
    if (state.status.kind !== 'online') return;
    await this.#runtime.sealAll(state);
    const known = active.sizeBytes - (active.index?.floor.position ?? 0);
    if (known > INDEX_AT_SHUTDOWN_BYTES && this.#runtime.condition.kind === 'online')
      await writeSegmentIndexes(this.#runtime, state, active);
  }

  async #writeMarker(states: readonly PartitionState[]): Promise<void> {
    const runtime = this.#runtime;
    const { disk } = runtime.ports;
    await runtime.reserve.use(() => runtime.checkpoint.write());
    const online = states.filter((state) => state.status.kind === 'online');
    const settled = online.every(
      (state) => !state.hasUnwritten && !state.hasDirty && state.segments.every((each) => each.phase !== 'sealing'),
    );
    if (!settled || runtime.condition.kind === 'offline') return;
    // All is in the segments: the journal may go first, and on a full disk its room is needed.
    await runtime.journal.close();
    await removeJournal(disk, `${runtime.root}/${JOURNAL_DIRECTORY}`);
    await runtime.reserve.use(() => writeCleanShutdown(runtime.ports, runtime.root, runtime.journal, online));
  }
}
