import {
  baseSequenceAt,
  compressionAt,
  controlTypeOf,
  type DecodedRecord,
  deleteHorizonAt,
  isControlAt,
  isTransactionalAt,
  lastOffsetDeltaAt,
  maxTimestampAt,
  NO_PRODUCER_ID,
  partitionLeaderEpochAt,
  producerEpochAt,
  producerIdAt,
  RecordBatchBuilder,
  type RecordBatchReader,
  timestampTypeAt,
  withoutRecords,
} from '@moldau/records';
import type { ProducerState } from '../producer-state.ts';
import type { StorageContext } from '../storage-context.ts';
import { isUnreadable, type NewestOffsets, openBatch, RECORD_WORK_BYTES } from './newest-offsets.ts';
import type { Pace } from './pace.ts';
import type { BatchAt } from './segment-batches.ts';
import type { TransactionOutcomes } from './transaction-outcomes.ts';

/** A rewritten batch is about as large as it was: its records were within a batch's limits before. */
const REWRITTEN_BYTES_MAX = 1 << 30;

/** What a pass of compaction knows. */
export interface FilterTerms {
  readonly newest: NewestOffsets;
  readonly outcomes: TransactionOutcomes;
  /** The clean point before this pass. */
  readonly from: number;
  readonly nowMs: number;
  readonly deleteRetentionMs: number;
  /** Producers as of the end of what is compacted, and as of now. */
  readonly producers: ProducerState;
  readonly liveProducers: ProducerState;
}

/** What becomes of a batch; `Uint8Array`: what stands for it from now on. */
export type Filtered = 'keep' | 'remove' | Uint8Array;

/**
 * Decides what stays of each batch, in the order of the log (KIP-58, KIP-534). A record stays while the map knows no newer one
 * of its key. A batch with tombstones gets a horizon once all older records of their keys are gone: the time from which on
 * the next pass drops them. A transaction's marker gets one when none of its batches is left.
 */
export class BatchFilter {
  readonly #context: StorageContext;
  readonly #pace: Pace;
  readonly #terms: FilterTerms;
  /** Producers with batches kept since their last marker. */
  readonly #unmarked = new Set<number>();
  /** The latest horizon ahead among what was kept; −1: none. */
  horizonMs = -1;
  removedRecords = 0;

  constructor(context: StorageContext, pace: Pace, terms: FilterTerms) {
    this.#context = context;
    this.#pace = pace;
    this.#terms = terms;
  }

  async filter(batch: BatchAt): Promise<Filtered> {
    const { bytes, at } = batch;
    if (batch.baseOffset >= this.#terms.newest.upTo) return 'keep';
    if (isControlAt(bytes, at)) return this.#filterControl(batch);
    const reader = await openBatch(this.#context.ports.compute, batch);
    const result = reader === undefined ? 'keep' : await this.#filterRecords(batch, reader);
    if (result !== 'remove' && isTransactionalAt(bytes, at)) this.#unmarked.add(producerIdAt(bytes, at));
    return result;
  }

  async #filterRecords(batch: BatchAt, reader: RecordBatchReader): Promise<Filtered> {
    const { bytes, at } = batch;
    const horizon = deleteHorizonAt(bytes, at);
    const dropAll = await this.#isAborted(batch);
    const kept: DecodedRecord[] = [];
    let tombstones = 0;
    try {
      for (let record = reader.readNext(); record !== undefined; record = reader.readNext()) {
        if (this.#pace.worked(record.keyLength + record.valueLength + RECORD_WORK_BYTES)) await this.#pace.turn();
        if (dropAll || !this.#stays(record, horizon)) continue;
        kept.push(record);
        if (record.valueLength < 0) tombstones += 1;
      }
    } catch (error) {
      if (isUnreadable(error)) return 'keep';
      throw error;
    }
    this.removedRecords += reader.count - kept.length;
    if (kept.length === 0) return this.#emptied(batch, reader.count);
    const next = tombstones > 0 ? (horizon ?? this.#newHorizon(batch)) : undefined;
    this.#noteHorizon(next);
    if (kept.length === reader.count && next === horizon) return 'keep';
    return this.#rebuild(batch, kept, next);
  }

  #stays(record: DecodedRecord, horizon: number | undefined): boolean {
    const { key } = record;
    // It came before the topic was compacted; there is nothing that it could be the newest of.
    if (key === null) return false;
    const newest = this.#terms.newest.keys.get(key);
    if (newest > record.offset) return false;
    return record.valueLength >= 0 || horizon === undefined || horizon > this.#terms.nowMs;
  }

  async #isAborted({ bytes, at, baseOffset }: BatchAt): Promise<boolean> {
    if (!isTransactionalAt(bytes, at) || baseOffset < this.#terms.from) return false;
    return (await this.#terms.outcomes.of(producerIdAt(bytes, at), baseOffset)) === 'aborted';
  }

  /** A header stays of a batch by which duplicates are recognised: it is all that a recovery could learn that from. */
  #emptied({ bytes, at, baseOffset }: BatchAt, records: number): Filtered {
    const producerId = producerIdAt(bytes, at);
    if (producerId === NO_PRODUCER_ID) return 'remove';
    const epoch = producerEpochAt(bytes, at);
    const { producers, liveProducers } = this.#terms;
    const known = producers.remembers(producerId, epoch, baseOffset) && liveProducers.knows(producerId);
    if (!known) return 'remove';
    return records === 0 ? 'keep' : withoutRecords(bytes, at);
  }

  async #filterControl(batch: BatchAt): Promise<Filtered> {
    const { bytes, at, baseOffset } = batch;
    const record = (await openBatch(this.#context.ports.compute, batch))?.readNext();
    if (record === undefined) return 'keep';
    if (!isTransactionalAt(bytes, at)) {
      const newest = this.#terms.newest.controls.get(controlTypeOf(record)) ?? -1;
      return newest > baseOffset ? 'remove' : 'keep';
    }
    const producerId = producerIdAt(bytes, at);
    if (this.#unmarked.delete(producerId)) return 'keep';
    const horizon = deleteHorizonAt(bytes, at);
    if (horizon === undefined) {
      const next = this.#newHorizon(batch);
      this.#noteHorizon(next);
      return next === undefined ? 'keep' : this.#rebuild(batch, [record], next);
    }
    this.#noteHorizon(horizon);
    if (horizon > this.#terms.nowMs) return 'keep';
    // The epoch that it fences with stays known as long as its producer is.
    const fences = this.#terms.liveProducers.epochOf(producerId) === producerEpochAt(bytes, at);
    if (fences) this.#noteHorizon(this.#horizonFromNow());
    return fences ? 'keep' : 'remove';
  }

  /** Undefined while there may be older records of the same keys, and for a time that never comes. */
  #newHorizon({ nextOffset }: BatchAt): number | undefined {
    return nextOffset <= this.#terms.newest.upTo ? this.#horizonFromNow() : undefined;
  }

  #horizonFromNow(): number | undefined {
    const horizon = this.#terms.nowMs + Math.max(1, this.#terms.deleteRetentionMs);
    return Number.isSafeInteger(horizon) ? horizon : undefined;
  }

  #noteHorizon(horizon: number | undefined): void {
    if (horizon !== undefined && horizon > this.#terms.nowMs) this.horizonMs = Math.max(this.horizonMs, horizon);
  }

  async #rebuild({ bytes, at, baseOffset }: BatchAt, kept: readonly DecodedRecord[], horizon: number | undefined): Promise<Uint8Array> {
    const builder = new RecordBatchBuilder({ targetBytes: REWRITTEN_BYTES_MAX, maxBytes: REWRITTEN_BYTES_MAX });
    if (horizon !== undefined) builder.setBaseTimestamp(horizon);
    for (const record of kept) {
      builder.appendAt(record.offset - baseOffset, Math.max(-1, record.timestamp), record.key, record.value, record.headers);
      if (this.#pace.worked(record.keyLength + record.valueLength + RECORD_WORK_BYTES)) await this.#pace.turn();
    }
    const maxTimestamp = maxTimestampAt(bytes, at);
    return builder.buildWith(this.#context.ports.compute, {
      compression: compressionAt(bytes, at),
      producerId: producerIdAt(bytes, at),
      producerEpoch: producerEpochAt(bytes, at),
      baseSequence: baseSequenceAt(bytes, at),
      transactional: isTransactionalAt(bytes, at),
      control: isControlAt(bytes, at),
      baseOffset,
      partitionLeaderEpoch: partitionLeaderEpochAt(bytes, at),
      lastOffsetDelta: lastOffsetDeltaAt(bytes, at),
      maxTimestamp,
      hasDeleteHorizon: horizon !== undefined,
      ...(timestampTypeAt(bytes, at) === 'LogAppendTime' ? { logAppendTimeMs: maxTimestamp } : {}),
    });
  }
}
