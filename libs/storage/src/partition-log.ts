import { assert, type LeaderEpoch, MoldauError, type Offset, type PartitionIndex, type TopicId } from '@moldau/kernel';
import { findAborted } from './aborted-index.ts';
import { type Appended, appendBatches } from './append.ts';
import type { AbortedTransaction } from './ended-transactions.ts';
import type { EpochEntry } from './leader-epochs.ts';
import { saveManifest } from './manifest.ts';
import type { PartitionConfig } from './partition-config.ts';
import type { PartitionState, PartitionStatus, Progress } from './partition-state.ts';
import type { MarkerClaim, OpenTransaction, ProducerClaim, ProducerSummary, ProducerVerdict } from './producer-checks.ts';
import type { ProducerState } from './producer-state.ts';
import { type ReadOptions, type ReadResult, readLog } from './read.ts';
import { moveStart } from './retention.ts';
import { rollNow } from './roll.ts';
import type { StorageContext } from './storage-context.ts';
import { findMaxTimestamp, findTimestamp, type TimestampedOffset } from './timestamp-lookup.ts';
import { appendMarker, type MarkerAppend } from './transaction-marker.ts';
import { type TruncateOptions, truncateLog } from './truncate.ts';
import type { Verification } from './verifications.ts';

/**
 * One partition's log. Always: start ≤ high watermark, and flushed ≤ written ≤ end. The owner sets `onProgress` and reads
 * the ends when it is called.
 */
export class PartitionLog {
  readonly #context: StorageContext;
  readonly #state: PartitionState;

  /** For `LogDirectory`. */
  constructor(context: StorageContext, state: PartitionState) {
    this.#context = context;
    this.#state = state;
  }

  get topicId(): TopicId {
    return this.#state.topicId;
  }

  get partition(): PartitionIndex {
    return this.#state.partition;
  }

  get status(): PartitionStatus {
    return this.#state.status;
  }

  get config(): PartitionConfig {
    return this.#state.config;
  }

  /** The first offset that may be read. */
  get startOffset(): Offset {
    return this.#state.startOffset as Offset;
  }

  /** The next offset to be given. */
  get endOffset(): Offset {
    return this.#state.endOffset as Offset;
  }

  /** Everything before it survives a kill of the process. What followers may read. */
  get writtenEnd(): Offset {
    return this.#state.writtenEnd as Offset;
  }

  /** Everything before it survives a power loss. */
  get flushedEnd(): Offset {
    return this.#state.flushedEnd as Offset;
  }

  get highWatermark(): Offset {
    return this.#state.highWatermark as Offset;
  }

  /** Bytes of the log, those still in memory included. */
  get sizeBytes(): number {
    return this.#state.sizeBytes;
  }

  get segmentCount(): number {
    return this.#state.segments.length;
  }

  /** Bytes that recovery cut off; above 0 the replica is suspect: it may lack what it had flushed. */
  get recoveryCutBytes(): number {
    return this.#state.recoveryCutBytes;
  }

  /** Called when `writtenEnd` or `flushedEnd` moved, when appends were taken back, and when the log failed. */
  set onProgress(listener: ((log: PartitionLog, progress: Progress) => void) | undefined) {
    this.#state.listener = listener === undefined ? undefined : (progress) => listener(this, progress);
  }

  /**
   * Appends copies of one or more whole, validated batches in one buffer. Gives offsets, sets leader epochs, in the buffer too,
   * and returns at once; `onProgress` tells when they are written and flushed.
   *
   * @throws MoldauError DISK_FULL, LOG_DIRECTORY_OFFLINE, PARTITION_OFFLINE, MEMORY_BUDGET_EXHAUSTED; then nothing happened
   */
  append(batches: Uint8Array, options: { readonly leaderEpoch: LeaderEpoch }): Appended {
    return appendBatches(this.#context, this.#state, batches, { kind: 'leader', leaderEpoch: options.leaderEpoch });
  }

  /** As `append`, with offsets and epochs as the leader gave them; CRCs must have been checked. @throws also CORRUPT_BATCH on a gap */
  appendAsFollower(batches: Uint8Array): Appended {
    return appendBatches(this.#context, this.#state, batches, { kind: 'follower' });
  }

  /**
   * Whether a batch of this producer may be appended now, or was.
   *
   * @throws MoldauError FENCED_PRODUCER, UNKNOWN_PRODUCER, OUT_OF_ORDER_SEQUENCE, DUPLICATE_SEQUENCE; DISK_FULL while the
   *   producers' state is being restored
   */
  checkProducer(claim: ProducerClaim): ProducerVerdict {
    return this.#producers.check(claim);
  }

  /**
   * Appends the marker that ends a transaction, as leader. The same again appends nothing.
   *
   * @throws MoldauError as `append`; FENCED_PRODUCER for a marker older than what the producer has written, FENCED_SHARD for
   *   one of a former coordinator, INVALID_TRANSACTION_STATE for the commit of another transaction than the open one
   */
  appendMarker(claim: MarkerClaim, options: { readonly leaderEpoch: LeaderEpoch }): MarkerAppend {
    this.#assertProducersKnown();
    return appendMarker(this.#context, this.#state, claim, options.leaderEpoch);
  }

  /** Highest epoch of an owner of a coordinator shard that has marked the log; −1: none has. @throws MoldauError DISK_FULL while it is being restored */
  get shardEpoch(): number {
    return this.#producers.shardEpoch;
  }

  /** Asks whether a transactional batch of this session needs the coordinator's word first; undefined when it has a transaction open. */
  askVerification(producerId: number, producerEpoch: number): Verification | undefined {
    const producers = this.#producers;
    const isOpen = producers.hasOpenTransaction(producerId, producerEpoch) || producers.verifications.has(producerId, producerEpoch);
    return isOpen ? undefined : producers.verifications.ask(producerId, producerEpoch);
  }

  /** The coordinator said that the partition is part of the transaction. False when a marker, or another leader, came between. */
  confirmVerification(verification: Verification): boolean {
    return this.#producers.verifications.confirm(verification);
  }

  /** The coordinator said no, or nothing will come of it. */
  dropVerification(verification: Verification): void {
    this.#state.producers.verifications.forget(verification);
  }

  /** Transactions that no marker has ended yet, the oldest first. */
  openTransactions(): readonly OpenTransaction[] {
    return this.#state.producers.openTransactions();
  }

  /** Up to so many of the producers' sessions that are known, in no particular order. */
  producers(max: number): readonly ProducerSummary[] {
    return this.#state.producers.summaries(max);
  }

  /** Where readers of committed records stop: below it all transactions are decided for good. At most the high watermark. */
  get lastStableOffset(): Offset {
    return this.#state.lastStableOffset as Offset;
  }

  /** Whether any transaction was aborted that a reader from `from` on could meet; then `abortedTransactions` tells which. */
  hasAbortedFrom(from: Offset): boolean {
    return this.#state.segments.some((segment) => segment.endOffset > from && segment.abortedCount > 0);
  }

  /**
   * Aborted transactions with batches in [from, upTo), by marker.
   *
   * @throws (rejects) MoldauError as `read`
   */
  abortedTransactions(from: Offset, upTo: Offset): Promise<readonly AbortedTransaction[]> {
    return findAborted(this.#context, this.#state, { from, upTo });
  }

  /** @throws MoldauError PARTITION_OFFLINE while the producers' state is being restored */
  #assertProducersKnown(): void {
    const state = this.#state;
    if (state.paused === undefined) return;
    throw new MoldauError('PARTITION_OFFLINE', `partition ${state.partition} is ${state.paused}`, { partition: String(state.partition) });
  }

  get #producers(): ProducerState {
    this.#assertProducersKnown();
    return this.#state.producers;
  }

  /**
   * Reads whole batches from the one that holds `from`: at once when they are in memory, else a promise.
   *
   * @throws MoldauError OFFSET_OUT_OF_RANGE, PARTITION_OFFLINE, CORRUPT_LOG (or rejects with one)
   */
  read(from: Offset, options: ReadOptions): ReadResult | Promise<ReadResult> {
    return readLog(this.#context, this.#state, from, options);
  }

  /** Raises the high watermark; it is checkpointed in the background. Lower values are ignored. */
  advanceHighWatermark(offset: Offset): void {
    const state = this.#state;
    assert(offset <= state.endOffset, 'the high watermark lies within the log', { offset, end: state.endOffset });
    if (offset <= state.highWatermark) return;
    state.highWatermark = offset;
    state.uncommittedEnds.advance(offset);
    this.#context.checkpoint.dirty = true;
  }

  /** The first record below `upTo` with at least this timestamp (default: below the high watermark). */
  offsetForTimestamp(timestamp: number, upTo: Offset = this.highWatermark): Promise<TimestampedOffset | undefined> {
    return findTimestamp(this.#context, this.#state, timestamp, upTo);
  }

  /** The record with the largest timestamp below `upTo` (default: below the high watermark). */
  maxTimestamp(upTo: Offset = this.highWatermark): Promise<TimestampedOffset | undefined> {
    return findMaxTimestamp(this.#context, this.#state, upTo);
  }

  /** Epochs and where each began, oldest first. */
  get epochs(): readonly EpochEntry[] {
    return this.#state.epochs.entries;
  }

  /** Notes that an epoch begins at the log's end, before its first batch. */
  beginEpoch(epoch: LeaderEpoch): void {
    this.#state.epochs.assign(epoch, this.#state.endOffset);
    // What an earlier leadership asked is not known to hold in this one.
    this.#state.producers.verifications.clear();
  }

  /** Forgets an epoch that was begun and has no batch: another leader may have written there in an older one. */
  forgetEmptyEpoch(): void {
    this.#state.epochs.truncateEnd(this.#state.endOffset);
  }

  /** The largest epoch ≤ `epoch` that the log knows, and where it ends (KIP-101). */
  endOffsetFor(epoch: LeaderEpoch): { readonly epoch: LeaderEpoch; readonly endOffset: Offset } | undefined {
    const found = this.#state.epochs.endOffsetFor(epoch, this.#state.endOffset);
    return found === undefined ? undefined : { epoch: found.epoch as LeaderEpoch, endOffset: found.endOffset as Offset };
  }

  /**
   * Makes `offset`, where a batch begins, the log's end, durably.
   *
   * @throws MoldauError LOSS_NOT_ACCEPTED below the high watermark unless `acceptLoss`, OFFSET_OUT_OF_RANGE, PARTITION_OFFLINE, DISK_FULL
   */
  truncateTo(offset: Offset, options: TruncateOptions = {}): Promise<void> {
    return truncateLog(this.#context, this.#state, offset, options);
  }

  /**
   * Moves the log's start up to `offset`, durably, and frees what lies before.
   *
   * @throws MoldauError OFFSET_OUT_OF_RANGE above the high watermark, PARTITION_OFFLINE
   */
  async deleteRecordsBefore(offset: Offset): Promise<void> {
    const state = this.#state;
    await state.maintenance.run(async () => {
      state.assertOnline();
      if (offset > state.highWatermark) {
        const facts = { offset: String(offset), first: String(state.startOffset), last: String(state.highWatermark) };
        throw new MoldauError('OFFSET_OUT_OF_RANGE', `offset ${offset} is above the high watermark ${state.highWatermark}`, facts);
      }
      if (offset <= state.startOffset) return;
      await this.#durably('moving the start of a log', () => moveStart(this.#context, state, offset));
      // A segment of which nothing is left goes with the next sweep, once it is sealed.
      if (state.active.endOffset === offset && state.active.sizeBytes > 0 && this.#context.condition.kind !== 'offline')
        rollNow(this.#context, state);
    });
  }

  /** Ends the active segment; nothing happens while it is empty. */
  roll(): void {
    this.#state.assertOnline();
    if (this.#state.active.sizeBytes > 0) rollNow(this.#context, this.#state);
  }

  /** Takes new settings into use, and stores them. */
  async reconfigure(config: PartitionConfig): Promise<void> {
    const state = this.#state;
    state.config = config;
    if (state.status.kind !== 'online') return;
    // Batches that were not to be flushed at once are from now on.
    if (config.flush === 'sync' && state.flushedEnd < state.endOffset) this.#context.submit(state);
    await this.#durably('storing the settings of a partition', () =>
      // A shorter retention frees space.
      this.#context.reserve.use(() => saveManifest(this.#context.ports.disk, state)),
    );
  }

  async #durably(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (error instanceof MoldauError) throw error;
      throw this.#context.sideFileFailure(error, what);
    }
  }
}
