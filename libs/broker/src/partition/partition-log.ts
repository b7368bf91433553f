import type { LeaderEpoch, MoldauError, Offset } from '@moldau/kernel';
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
  TimestampedOffset,
  TruncateOptions,
  Verification,
} from '@moldau/storage';

/** One partition's log, as the broker uses it: storage's, or a fake. Start ≤ high watermark ≤ end, flushed ≤ written ≤ end. */
export interface PartitionLog {
  readonly startOffset: Offset;
  readonly endOffset: Offset;
  readonly writtenEnd: Offset;
  readonly flushedEnd: Offset;
  readonly highWatermark: Offset;
  /** Below it every transaction is decided, and what decided it is committed; at most the high watermark. */
  readonly lastStableOffset: Offset;
  readonly sizeBytes: number;
  /** Why it can't be used; undefined while it can. */
  readonly failure: MoldauError | undefined;
  /** Told of progress; at most one listener. */
  listen(listener: (progress: Progress) => void): void;
  /** Moves forward only. */
  advanceHighWatermark(to: Offset): void;
  /** Notes that a leader epoch begins at the log's end. */
  beginEpoch(epoch: LeaderEpoch): void;
  /** Forgets an epoch that was begun and has no batch. */
  forgetEmptyEpoch(): void;
  /** Stamps the one batch with its offset and the epoch, and takes it over. Throws MoldauError with nothing appended. */
  append(batch: Uint8Array, leaderEpoch: LeaderEpoch): { readonly baseOffset: Offset; readonly endOffset: Offset };
  /** Takes batches over as the leader stamped them; CRCs must have been checked. Throws MoldauError with nothing appended, CORRUPT_BATCH on a gap. */
  appendAsFollower(batches: Uint8Array): void;
  /** Makes `offset` the log's end, durably. Rejects with LOSS_NOT_ACCEPTED below the high watermark unless `acceptLoss`. */
  truncateTo(offset: Offset, options: TruncateOptions): Promise<void>;
  /** Epochs and where each began, oldest first; the newest may have no batch yet. */
  readonly epochs: readonly { readonly epoch: number; readonly startOffset: number }[];
  /** Whether the idempotent batch may be appended or is one that was. Throws MoldauError. */
  checkProducer(batch: Uint8Array): ProducerVerdict;
  /** Appends the marker that ends a transaction. Throws MoldauError with nothing appended: FENCED_PRODUCER, FENCED_SHARD, INVALID_TRANSACTION_STATE, those of `append`. */
  appendMarker(claim: MarkerClaim, leaderEpoch: LeaderEpoch): MarkerAppend;
  /** Highest epoch of an owner of a coordinator shard that has marked the log; −1: none has. Throws MoldauError while it is not known. */
  readonly shardEpoch: number;
  /** The question to the coordinator that the first transactional batch of this session needs; undefined: it needs none. */
  askVerification(producerId: number, producerEpoch: number): Verification | undefined;
  /** The coordinator said yes. False when a marker or another leader came between: then it has to be asked again. */
  confirmVerification(verification: Verification): boolean;
  /** Nothing will come of the question. */
  dropVerification(verification: Verification): void;
  /** Up to so many of the producers' sessions that are known, in no particular order. */
  producers(max: number): readonly ProducerSummary[];
  /** Whether any transaction was aborted that a reader from there on could meet. */
  hasAbortedFrom(from: Offset): boolean;
  /** Aborted transactions with batches in [from, upTo). */
  abortedTransactions(from: Offset, upTo: Offset): Promise<readonly AbortedTransaction[]>;
  /** Batches from the one that holds `from`, up to `upTo`; the first comes whole even above `maxBytes`. Sync where memory has it. */
  read(from: Offset, options: ReadOptions): ReadResult | Promise<ReadResult>;
  /** The first record below `upTo` at or after the time. */
  offsetForTimestamp(timestampMs: number, upTo: Offset): Promise<TimestampedOffset | undefined>;
  /** The record below `upTo` with the greatest timestamp. */
  maxTimestamp(upTo: Offset): Promise<TimestampedOffset | undefined>;
  /** The greatest epoch that is not above the one asked for, and where it ends. */
  endOffsetFor(epoch: number): { readonly epoch: number; readonly endOffset: number } | undefined;
  /** Moves the start forward, durably; the new start. */
  deleteRecordsBefore(offset: Offset): Promise<Offset>;
  /** Takes settings into use; nothing happens when they are the same. */
  reconfigure(config: PartitionConfig): void;
}
