import {
  type DirectoryId,
  type LeaderEpoch,
  type Logger,
  leaderEpoch,
  MoldauError,
  type Offset,
  type PartitionIndex,
  type TopicId,
} from '@moldau/kernel';
import { baseSequenceAt, lastOffsetDeltaAt, producerEpochAt, producerIdAt } from '@moldau/records';
import type {
  LogDirectory,
  PartitionConfig,
  ProducerVerdict,
  Progress,
  ReadOptions,
  ReadResult,
  PartitionLog as StoredLog,
  TimestampedOffset,
  TruncateOptions,
} from '@moldau/storage';
import type { BrokerDeps } from '../options.ts';
import type { FoundLog, LogStore, StopReport } from './log-store.ts';
import type { PartitionLog } from './partition-log.ts';

/** Partitions of a deleted topic whose data is removed at once. */
const DELETIONS_AT_ONCE = 8;

/** The data directory as the broker uses it, behind what stands between them. */
export function logStoreOf(directory: LogDirectory, { logger, wrapLogs }: Pick<BrokerDeps, 'logger' | 'wrapLogs'>): LogStore {
  const store = new DirectoryLogStore(directory, logger);
  return wrapLogs?.(store) ?? store;
}

/** The broker's logs in storage's data directory. Storage keeps all of them open until the directory is closed. */
export class DirectoryLogStore implements LogStore {
  readonly #directory: LogDirectory;
  readonly #logger: Logger;

  constructor(directory: LogDirectory, logger: Logger) {
    this.#directory = directory;
    this.#logger = logger;
  }

  get directoryId(): DirectoryId {
    return this.#directory.meta.directoryId;
  }

  get failure(): MoldauError | undefined {
    const { condition } = this.#directory;
    if (condition.kind !== 'offline') return undefined;
    const facts = { limit: condition.reason };
    return new MoldauError('LOG_DIRECTORY_OFFLINE', `the data directory failed: ${condition.reason}`, facts);
  }

  get storedBytes(): number {
    return this.#directory.stats.storedBytes;
  }

  takeLongestFlushMs(): number {
    return this.#directory.takeLongestFlushMs();
  }

  stopReport(): StopReport {
    const { clean, keptWritten } = this.#directory.recovery;
    return { keptWritten: clean || keptWritten, logs: [...this.#directory.partitions()].map(foundLog) };
  }

  async open(topicId: TopicId, partition: PartitionIndex, config: PartitionConfig): Promise<PartitionLog> {
    // One that exists is not made again: that would write its settings anew at every start.
    const existing = this.#directory.partition(topicId, partition);
    if (existing !== undefined) return new DirectoryLog(existing, this.#logger);
    return new DirectoryLog(await this.#directory.createPartition(topicId, partition, config), this.#logger);
  }

  async beginAnew(topicId: TopicId, partition: PartitionIndex, config: PartitionConfig, startOffset: Offset): Promise<PartitionLog> {
    return new DirectoryLog(await this.#directory.beginAnew(topicId, partition, config, startOffset), this.#logger);
  }

  holds(topicId: TopicId, partition: PartitionIndex): boolean {
    return this.#directory.partition(topicId, partition) !== undefined;
  }

  deletePartition(topicId: TopicId, partition: PartitionIndex): Promise<void> {
    return this.#directory.deletePartition(topicId, partition);
  }

  async deleteTopic(topicId: TopicId): Promise<void> {
    const partitions = [...this.#directory.partitions()].filter((log) => log.topicId === topicId).map((log) => log.partition);
    for (let at = 0; at < partitions.length; at += DELETIONS_AT_ONCE) {
      const some = partitions.slice(at, at + DELETIONS_AT_ONCE);
      await Promise.all(some.map((partition) => this.#directory.deletePartition(topicId, partition)));
    }
  }

  async close(): Promise<void> {
    await this.#directory.close();
  }
}

function foundLog({ topicId, partition: index, epochs, endOffset, recoveryCutBytes, status }: StoredLog): FoundLog {
  // Of a log of which nothing is left, the last epoch is known for as long as its entry is.
  const last = epochs.findLast((entry) => entry.startOffset < endOffset) ?? epochs.at(-1);
  return { topicId, index, lastEpoch: last?.epoch ?? -1, endOffset, cut: recoveryCutBytes > 0, damaged: status.kind === 'corrupt' };
}

class DirectoryLog implements PartitionLog {
  readonly #log: StoredLog;
  readonly #logger: Logger;

  constructor(log: StoredLog, logger: Logger) {
    this.#log = log;
    this.#logger = logger;
  }

  get startOffset(): Offset {
    return this.#log.startOffset;
  }

  get endOffset(): Offset {
    return this.#log.endOffset;
  }

  get writtenEnd(): Offset {
    return this.#log.writtenEnd;
  }

  get flushedEnd(): Offset {
    return this.#log.flushedEnd;
  }

  get highWatermark(): Offset {
    return this.#log.highWatermark;
  }

  get sizeBytes(): number {
    return this.#log.sizeBytes;
  }

  get failure(): MoldauError | undefined {
    const { status, topicId, partition } = this.#log;
    const facts = { topic_id: topicId, partition: String(partition) };
    switch (status.kind) {
      case 'online':
        return undefined;
      case 'corrupt': {
        const { file, position, offset, reason } = status.where;
        const message = `the log is damaged in ${file} at byte ${position}, offset ${offset}: ${reason}`;
        return new MoldauError('PARTITION_OFFLINE', message, { ...facts, file, position: String(position), offset: String(offset) });
      }
      case 'offline':
        return new MoldauError('LOG_DIRECTORY_OFFLINE', `the data directory failed: ${status.reason}`, { ...facts, limit: status.reason });
      case 'closed':
        return new MoldauError('PARTITION_OFFLINE', 'the log is closed', facts);
    }
  }

  listen(listener: (progress: Progress) => void): void {
    this.#log.onProgress = (_log, progress) => listener(progress);
  }

  advanceHighWatermark(to: Offset): void {
    this.#log.advanceHighWatermark(to);
  }

  beginEpoch(epoch: LeaderEpoch): void {
    this.#log.beginEpoch(epoch);
  }

  forgetEmptyEpoch(): void {
    this.#log.forgetEmptyEpoch();
  }

  append(batch: Uint8Array, epoch: LeaderEpoch): { readonly baseOffset: Offset; readonly endOffset: Offset } {
    const { baseOffset, end } = this.#log.append(batch, { leaderEpoch: epoch });
    return { baseOffset, endOffset: end };
  }

  appendAsFollower(batches: Uint8Array): void {
    this.#log.appendAsFollower(batches);
  }

  truncateTo(offset: Offset, options: TruncateOptions): Promise<void> {
    return this.#log.truncateTo(offset, options);
  }

  get epochs(): readonly { readonly epoch: number; readonly startOffset: number }[] {
    return this.#log.epochs;
  }

  checkProducer(batch: Uint8Array): ProducerVerdict {
    return this.#log.checkProducer({
      producerId: producerIdAt(batch, 0),
      producerEpoch: producerEpochAt(batch, 0),
      baseSequence: baseSequenceAt(batch, 0),
      lastOffsetDelta: lastOffsetDeltaAt(batch, 0),
    });
  }

  read(from: Offset, options: ReadOptions): ReadResult | Promise<ReadResult> {
    return this.#log.read(from, options);
  }

  offsetForTimestamp(timestampMs: number, upTo: Offset): Promise<TimestampedOffset | undefined> {
    return this.#log.offsetForTimestamp(timestampMs, upTo);
  }

  maxTimestamp(upTo: Offset): Promise<TimestampedOffset | undefined> {
    return this.#log.maxTimestamp(upTo);
  }

  endOffsetFor(epoch: number): { readonly epoch: number; readonly endOffset: number } | undefined {
    return epoch < 0 ? undefined : this.#log.endOffsetFor(leaderEpoch(epoch));
  }

  async deleteRecordsBefore(offset: Offset): Promise<Offset> {
    await this.#log.deleteRecordsBefore(offset);
    return this.#log.startOffset;
  }

  reconfigure(config: PartitionConfig): void {
    if (isSameConfig(this.#log.config, config)) return;
    this.#log.reconfigure(config).catch((caught: unknown) => {
      const { topicId, partition } = this.#log;
      this.#logger.warn('the settings of a partition could not be stored', { topicId, partition, error: MoldauError.from(caught).message });
    });
  }
}

function isSameConfig(one: PartitionConfig, other: PartitionConfig): boolean {
  return (Object.keys(one) as (keyof PartitionConfig)[]).every((name) => one[name] === other[name]);
}
