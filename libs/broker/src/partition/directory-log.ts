import { type LeaderEpoch, type Logger, leaderEpoch, MoldauError, type Offset } from '@moldau/kernel';
import { baseSequenceAt, isTransactionalAt, lastOffsetDeltaAt, producerEpochAt, producerIdAt } from '@moldau/records';
import type {
  AbortedTransaction,
  MarkerAppend,
  MarkerClaim,
  PartitionConfig,
  ProducerSummary,
  ProducerVerdict,
  Progress,
  ReadOptions,
  ReadResult,
  PartitionLog as StoredLog,
  TimestampedOffset,
  TruncateOptions,
  Verification,
} from '@moldau/storage';
import type { PartitionLog } from './partition-log.ts';

/** One of storage's logs as the broker uses it. */
export class DirectoryLog implements PartitionLog {
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

  get lastStableOffset(): Offset {
    return this.#log.lastStableOffset;
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

  get shardEpoch(): number {
    return this.#log.shardEpoch;
  }

  checkProducer(batch: Uint8Array): ProducerVerdict {
    return this.#log.checkProducer({
      producerId: producerIdAt(batch, 0),
      producerEpoch: producerEpochAt(batch, 0),
      baseSequence: baseSequenceAt(batch, 0),
      lastOffsetDelta: lastOffsetDeltaAt(batch, 0),
      transactional: isTransactionalAt(batch, 0),
    });
  }

  appendMarker(claim: MarkerClaim, epoch: LeaderEpoch): MarkerAppend {
    return this.#log.appendMarker(claim, { leaderEpoch: epoch });
  }

  askVerification(producerId: number, producerEpoch: number): Verification | undefined {
    return this.#log.askVerification(producerId, producerEpoch);
  }

  confirmVerification(verification: Verification): boolean {
    return this.#log.confirmVerification(verification);
  }

  dropVerification(verification: Verification): void {
    this.#log.dropVerification(verification);
  }

  producers(max: number): readonly ProducerSummary[] {
    return this.#log.producers(max);
  }

  hasAbortedFrom(from: Offset): boolean {
    return this.#log.hasAbortedFrom(from);
  }

  abortedTransactions(from: Offset, upTo: Offset): Promise<readonly AbortedTransaction[]> {
    return this.#log.abortedTransactions(from, upTo);
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
