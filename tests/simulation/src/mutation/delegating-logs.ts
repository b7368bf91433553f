import type { LogStore, PartitionLog } from '@moldau/broker';

/** The logs of a broker, each behind what `wrap` makes of it. */
export function wrapEach(store: LogStore, wrap: (log: PartitionLog, topicId: string, partition: number) => PartitionLog): LogStore {
  return {
    get directoryId() {
      return store.directoryId;
    },
    get failure() {
      return store.failure;
    },
    get storedBytes() {
      return store.storedBytes;
    },
    takeLongestFlushMs: () => store.takeLongestFlushMs(),
    stopReport: () => store.stopReport(),
    open: async (topicId, partition, config) => wrap(await store.open(topicId, partition, config), topicId, partition),
    beginAnew: async (topicId, partition, config, startOffset) =>
      wrap(await store.beginAnew(topicId, partition, config, startOffset), topicId, partition),
    holds: (topicId, partition) => store.holds(topicId, partition),
    deletePartition: (topicId, partition) => store.deletePartition(topicId, partition),
    deleteTopic: (topicId) => store.deleteTopic(topicId),
    close: () => store.close(),
  };
}

/** A log that hands everything on: what a bug differs in overrides it. */
export class DelegatingLog implements PartitionLog {
  readonly log: PartitionLog;

  constructor(log: PartitionLog) {
    this.log = log;
  }

  get startOffset(): PartitionLog['startOffset'] {
    return this.log.startOffset;
  }

  get endOffset(): PartitionLog['endOffset'] {
    return this.log.endOffset;
  }

  get writtenEnd(): PartitionLog['writtenEnd'] {
    return this.log.writtenEnd;
  }

  get flushedEnd(): PartitionLog['flushedEnd'] {
    return this.log.flushedEnd;
  }

  get highWatermark(): PartitionLog['highWatermark'] {
    return this.log.highWatermark;
  }

  get lastStableOffset(): PartitionLog['lastStableOffset'] {
    return this.log.lastStableOffset;
  }

  get shardEpoch(): number {
    return this.log.shardEpoch;
  }

  get sizeBytes(): number {
    return this.log.sizeBytes;
  }

  get failure(): PartitionLog['failure'] {
    return this.log.failure;
  }

  get epochs(): PartitionLog['epochs'] {
    return this.log.epochs;
  }

  listen(listener: Parameters<PartitionLog['listen']>[0]): void {
    this.log.listen(listener);
  }

  advanceHighWatermark(to: Parameters<PartitionLog['advanceHighWatermark']>[0]): void {
    this.log.advanceHighWatermark(to);
  }

  beginEpoch(epoch: Parameters<PartitionLog['beginEpoch']>[0]): void {
    this.log.beginEpoch(epoch);
  }

  forgetEmptyEpoch(): void {
    this.log.forgetEmptyEpoch();
  }

  append(...given: Parameters<PartitionLog['append']>): ReturnType<PartitionLog['append']> {
    return this.log.append(...given);
  }

  appendAsFollower(batches: Uint8Array): void {
    this.log.appendAsFollower(batches);
  }

  truncateTo(...given: Parameters<PartitionLog['truncateTo']>): Promise<void> {
    return this.log.truncateTo(...given);
  }

  checkProducer(batch: Uint8Array): ReturnType<PartitionLog['checkProducer']> {
    return this.log.checkProducer(batch);
  }

  appendMarker(...given: Parameters<PartitionLog['appendMarker']>): ReturnType<PartitionLog['appendMarker']> {
    return this.log.appendMarker(...given);
  }

  askVerification(...given: Parameters<PartitionLog['askVerification']>): ReturnType<PartitionLog['askVerification']> {
    return this.log.askVerification(...given);
  }

  confirmVerification(...given: Parameters<PartitionLog['confirmVerification']>): boolean {
    return this.log.confirmVerification(...given);
  }

  dropVerification(...given: Parameters<PartitionLog['dropVerification']>): void {
    this.log.dropVerification(...given);
  }

  producers(max: number): ReturnType<PartitionLog['producers']> {
    return this.log.producers(max);
  }

  hasAbortedFrom(...given: Parameters<PartitionLog['hasAbortedFrom']>): boolean {
    return this.log.hasAbortedFrom(...given);
  }

  abortedTransactions(...given: Parameters<PartitionLog['abortedTransactions']>): ReturnType<PartitionLog['abortedTransactions']> {
    return this.log.abortedTransactions(...given);
  }

  read(...given: Parameters<PartitionLog['read']>): ReturnType<PartitionLog['read']> {
    return this.log.read(...given);
  }

  offsetForTimestamp(...given: Parameters<PartitionLog['offsetForTimestamp']>): ReturnType<PartitionLog['offsetForTimestamp']> {
    return this.log.offsetForTimestamp(...given);
  }

  maxTimestamp(...given: Parameters<PartitionLog['maxTimestamp']>): ReturnType<PartitionLog['maxTimestamp']> {
    return this.log.maxTimestamp(...given);
  }

  endOffsetFor(epoch: number): ReturnType<PartitionLog['endOffsetFor']> {
    return this.log.endOffsetFor(epoch);
  }

  deleteRecordsBefore(...given: Parameters<PartitionLog['deleteRecordsBefore']>): ReturnType<PartitionLog['deleteRecordsBefore']> {
    return this.log.deleteRecordsBefore(...given);
  }

  reconfigure(...given: Parameters<PartitionLog['reconfigure']>): void {
    this.log.reconfigure(...given);
  }
}
