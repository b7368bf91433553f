import type { Offset } from '@moldau/kernel';
import {
  baseOffsetAt,
  baseSequenceAt,
  isControlAt,
  isTransactionalAt,
  maxTimestampAt,
  NO_PRODUCER_ID,
  producerEpochAt,
  producerIdAt,
  readBatch as readRecordBatch,
  shardEpochOf,
  type TransactionMarker,
  transactionMarkerOf,
} from '@moldau/records';
import type { ByteReader, ByteWriter } from './byte-codec.ts';
import type { EndedTransaction } from './ended-transactions.ts';
import { FIRST_KEYED_PRODUCER_ID, KeyedBatches, KeyRoom } from './keyed-batches.ts';
import {
  ACCEPT,
  checkKeyed,
  checkMarker,
  checkOrder,
  type MarkerClaim,
  NONE,
  type OpenTransaction,
  type ProducerClaim,
  type ProducerSummary,
  type ProducerVerdict,
  REMEMBERED_BATCHES_MAX,
  type RememberedBatch,
  refuse,
} from './producer-checks.ts';
import { readRemembered, rememberedAt, writeRemembered } from './remembered-batch.ts';
import { Verifications } from './verifications.ts';

/** In a snapshot: batches with idempotency keys do not expire by time. */
const KEYED_LAST_MS = 0;

interface ProducerEntry {
  epoch: number;
  /** Wall time of the last append; after recovery the largest timestamp of its batches. */
  lastMs: number;
  batches: RememberedBatch[];
  /** First offset of the open transaction, or `NONE`. */
  openFrom: number;
  /** Of the last marker, or `NONE`. */
  coordinatorEpoch: number;
}

/** What a partition knows of each producer session that wrote to it (KIP-98): enough to recognise duplicates and gaps. */
export class ProducerState {
  #entries = new Map<number, ProducerEntry>();
  readonly #keyed: KeyedBatches<RememberedBatch>;
  /** First offsets of open transactions, ascending: each is added as its first batch is appended. */
  readonly #open = new Map<number, number>();
  readonly verifications = new Verifications();
  /** Highest epoch of an owner of a coordinator shard that has marked the log; −1: none has. */
  shardEpoch = NONE;

  constructor(room: KeyRoom = new KeyRoom()) {
    this.#keyed = new KeyedBatches(room);
  }

  get size(): number {
    return this.#entries.size + this.#keyed.size;
  }

  /**
   * Whether a batch may be appended now, or is one that was.
   *
   * @throws MoldauError FENCED_PRODUCER, UNKNOWN_PRODUCER, OUT_OF_ORDER_SEQUENCE, DUPLICATE_SEQUENCE; of transactions:
   *   TRANSACTION_NOT_VERIFIED, CONCURRENT_TRANSACTIONS, INVALID_TRANSACTION_STATE
   */
  check(claim: ProducerClaim): ProducerVerdict {
    if (claim.producerId === NO_PRODUCER_ID) return ACCEPT;
    const verdict = this.#checkOrder(claim);
    if (verdict.kind === 'accept') this.#checkTransaction(claim);
    return verdict;
  }

  #checkOrder(claim: ProducerClaim): ProducerVerdict {
    if (claim.producerId >= FIRST_KEYED_PRODUCER_ID) return checkKeyed(claim, this.#keyed.find(claim.producerId, claim.producerEpoch));
    return checkOrder(claim, this.#entries.get(claim.producerId));
  }

  /** A batch must not mix with a transaction that it is not part of, nor begin one that nobody will end. */
  #checkTransaction(claim: ProducerClaim): void {
    const { producerId, producerEpoch, transactional = false } = claim;
    const openFrom = this.#open.get(producerId);
    if (openFrom === undefined) {
      if (!transactional || this.verifications.has(producerId, producerEpoch)) return;
      throw refuse('TRANSACTION_NOT_VERIFIED', claim, 'the coordinator has not confirmed its transaction here', openFrom ?? NONE);
    }
    const epoch = this.epochOf(producerId) ?? NONE;
    if (epoch !== producerEpoch) throw refuse('CONCURRENT_TRANSACTIONS', claim, `its transaction of epoch ${epoch} is open`, epoch);
    if (!transactional) throw refuse('INVALID_TRANSACTION_STATE', claim, `it has a transaction open from ${openFrom}`, openFrom);
  }

  /**
   * What becomes of a marker: `accept` it, or it is `present`, as an earlier one with its epoch was.
   *
   * @throws MoldauError FENCED_PRODUCER below the producer's epoch, FENCED_SHARD below the last coordinator's,
   *   INVALID_TRANSACTION_STATE for the commit of another transaction than the open one
   */
  checkMarker(claim: MarkerClaim): 'accept' | 'present' {
    return checkMarker(claim, this.#entries.get(claim.producerId));
  }

  /**
   * Notes the batch at `position`, which has its final base offset; the transaction it ends, if it is a marker. `nowMs`
   * undefined: in recovery, by the batch's own time.
   */
  note(bytes: Uint8Array, position: number, nowMs: number | undefined): EndedTransaction | undefined {
    const producerId = producerIdAt(bytes, position);
    if (producerId === NO_PRODUCER_ID) {
      if (isControlAt(bytes, position)) this.shardEpoch = Math.max(this.shardEpoch, shardEpochAt(bytes, position) ?? NONE);
      return undefined;
    }
    const epoch = producerEpochAt(bytes, position);
    if (producerId >= FIRST_KEYED_PRODUCER_ID) {
      this.#keyed.note(producerId, epoch, rememberedAt(bytes, position));
      return undefined;
    }
    const entry = this.#entry(producerId, epoch);
    entry.lastMs = Math.max(entry.lastMs, nowMs ?? maxTimestampAt(bytes, position));
    // A marker takes no place in the sequence.
    if (isControlAt(bytes, position)) return this.#end(producerId, entry, bytes, position);
    if (isTransactionalAt(bytes, position) && entry.openFrom === NONE) this.#begin(producerId, entry, baseOffsetAt(bytes, position));
    if (baseSequenceAt(bytes, position) < 0) return undefined;
    entry.batches.push(rememberedAt(bytes, position));
    if (entry.batches.length > REMEMBERED_BATCHES_MAX) entry.batches.shift();
    return undefined;
  }

  #begin(producerId: number, entry: ProducerEntry, offset: number): void {
    entry.openFrom = offset;
    this.#open.set(producerId, offset);
    this.verifications.drop(producerId);
  }

  #end(producerId: number, entry: ProducerEntry, bytes: Uint8Array, position: number): EndedTransaction | undefined {
    const marker = markerAt(bytes, position);
    if (marker === undefined) return undefined;
    this.verifications.dropBelow(producerId, producerEpochAt(bytes, position));
    entry.coordinatorEpoch = Math.max(entry.coordinatorEpoch, marker.coordinatorEpoch);
    const firstOffset = entry.openFrom;
    if (firstOffset === NONE) return undefined;
    entry.openFrom = NONE;
    this.#open.delete(producerId);
    const markerOffset = baseOffsetAt(bytes, position);
    return { producerId, firstOffset, markerOffset, outcome: marker.outcome, decidedEnd: this.firstOpenOffset ?? markerOffset + 1 };
  }

  /** Where the oldest open transaction begins. */
  get firstOpenOffset(): number | undefined {
    return this.#open.values().next().value;
  }

  /** Whether this session has a transaction open here. */
  hasOpenTransaction(producerId: number, producerEpoch: number): boolean {
    return this.#open.has(producerId) && this.epochOf(producerId) === producerEpoch;
  }

  /** Transactions that no marker has ended, the oldest first. */
  openTransactions(): OpenTransaction[] {
    const found: OpenTransaction[] = [];
    for (const [producerId, firstOffset] of this.#open) {
      const entry = this.#entries.get(producerId);
      if (entry !== undefined)
        found.push({ producerId, producerEpoch: entry.epoch, firstOffset: firstOffset as Offset, lastMs: entry.lastMs });
    }
    return found;
  }

  /** Up to so many of the sessions that are known, in no particular order; batches with idempotency keys are none. */
  summaries(max: number): ProducerSummary[] {
    const found: ProducerSummary[] = [];
    for (const [producerId, { epoch, lastMs, batches, openFrom, coordinatorEpoch }] of this.#entries) {
      if (found.length >= max) break;
      const openFromOffset = openFrom === NONE ? undefined : (openFrom as Offset);
      found.push({
        producerId,
        producerEpoch: epoch,
        lastSequence: batches.at(-1)?.lastSequence,
        lastMs,
        openFromOffset,
        coordinatorEpoch,
      });
    }
    return found;
  }

  /** Whether the batch at `baseOffset` is one by which duplicates of this producer are known. */
  remembers(producerId: number, epoch: number, baseOffset: number): boolean {
    if (producerId >= FIRST_KEYED_PRODUCER_ID) return this.#keyed.find(producerId, epoch)?.baseOffset === baseOffset;
    const entry = this.#entries.get(producerId);
    return entry?.epoch === epoch && entry.batches.some((batch) => batch.baseOffset === baseOffset);
  }

  /** Whether anything of this producer is remembered. Idempotency keys are forgotten by number, so theirs counts as known. */
  knows(producerId: number): boolean {
    return producerId >= FIRST_KEYED_PRODUCER_ID || this.#entries.has(producerId);
  }

  /** The newest epoch of a session; undefined when it is not known. */
  epochOf(producerId: number): number | undefined {
    return this.#entries.get(producerId)?.epoch;
  }

  /** Forgets the sessions silent since before `beforeMs` (`producer.id.expiration.ms`); batches with keys go by number alone. */
  expire(beforeMs: number): void {
    for (const [producerId, entry] of this.#entries)
      if (entry.lastMs < beforeMs && entry.openFrom === NONE) this.#entries.delete(producerId);
  }

  /** Forgets everything. */
  clear(): void {
    this.#entries.clear();
    this.#keyed.clear();
    this.#open.clear();
    this.shardEpoch = NONE;
    this.verifications.clear();
  }

  encode(writer: ByteWriter): void {
    writer.int32(this.size);
    for (const [producerId, entry] of this.#entries) encodeEntry(writer, producerId, entry);
    for (const [producerId, { epoch, batch }] of this.#keyed.entries()) {
      encodeEntry(writer, producerId, { epoch, lastMs: KEYED_LAST_MS, batches: [batch] });
    }
    this.#encodeTransactions(writer);
  }

  /** Replaces all by what `encode` wrote. */
  restore(reader: ByteReader): void {
    this.clear();
    for (let left = reader.int32(); left > 0; left--) {
      const producerId = reader.int64();
      const entry: ProducerEntry = { epoch: reader.int32(), lastMs: reader.int64(), batches: [], openFrom: NONE, coordinatorEpoch: NONE };
      for (let batches = reader.uint8(); batches > 0; batches--) entry.batches.push(readRemembered(reader));
      const [batch] = entry.batches;
      if (producerId < FIRST_KEYED_PRODUCER_ID) this.#entries.set(producerId, entry);
      else if (batch !== undefined) this.#keyed.note(producerId, entry.epoch, batch);
    }
    // Written before there were transactions: it ends here.
    if (!reader.done) this.#restoreTransactions(reader);
  }

  /** Of producers with transactions, those that are open first, from the oldest on. */
  #encodeTransactions(writer: ByteWriter): void {
    const marked = [...this.#entries].filter(([, entry]) => entry.openFrom === NONE && entry.coordinatorEpoch !== NONE);
    writer.int32(this.#open.size + marked.length);
    for (const producerId of [...this.#open.keys(), ...marked.map(([id]) => id)]) {
      const entry = this.#entries.get(producerId);
      writer.int64(producerId);
      writer.int32(entry?.coordinatorEpoch ?? NONE);
      writer.int64(entry?.openFrom ?? NONE);
    }
  }

  #restoreTransactions(reader: ByteReader): void {
    for (let left = reader.int32(); left > 0; left--) {
      const producerId = reader.int64();
      const entry = this.#entries.get(producerId);
      const coordinatorEpoch = reader.int32();
      const openFrom = reader.int64();
      if (entry === undefined) continue;
      entry.coordinatorEpoch = coordinatorEpoch;
      entry.openFrom = openFrom;
      if (openFrom !== NONE) this.#open.set(producerId, openFrom);
    }
  }

  #entry(producerId: number, epoch: number): ProducerEntry {
    let entry = this.#entries.get(producerId);
    if (entry === undefined) {
      entry = { epoch, lastMs: 0, batches: [], openFrom: NONE, coordinatorEpoch: NONE };
      this.#entries.set(producerId, entry);
    }
    if (epoch > entry.epoch) {
      entry.epoch = epoch;
      entry.batches = [];
    }
    return entry;
  }
}

function encodeEntry(writer: ByteWriter, producerId: number, entry: Pick<ProducerEntry, 'epoch' | 'lastMs' | 'batches'>): void {
  writer.int64(producerId);
  writer.int32(entry.epoch);
  writer.int64(entry.lastMs);
  writer.uint8(entry.batches.length);
  for (const batch of entry.batches) writeRemembered(writer, batch);
}

/** The marker of a control batch; undefined when it is of another kind. */
function shardEpochAt(bytes: Uint8Array, position: number): number | undefined {
  const record = readRecordBatch(bytes, position, { checkCrc: false }).readNext();
  return record === undefined ? undefined : shardEpochOf(record);
}

function markerAt(bytes: Uint8Array, position: number): TransactionMarker | undefined {
  const record = readRecordBatch(bytes, position, { checkCrc: false }).readNext();
  return record === undefined ? undefined : transactionMarkerOf(record);
}
