import { MoldauError, type Offset } from '@moldau/kernel';
import {
  advanceSequence,
  baseOffsetAt,
  baseSequenceAt,
  isControlAt,
  lastOffsetDeltaAt,
  maxTimestampAt,
  NO_PRODUCER_ID,
  producerEpochAt,
  producerIdAt,
  timestampTypeAt,
} from '@moldau/records';
import { ByteReader, ByteWriter } from './byte-codec.ts';
import { FIRST_KEYED_PRODUCER_ID, KeyedBatches, KeyRoom } from './keyed-batches.ts';

/** Batches remembered per producer: as many as a producer may have unanswered. */
export const REMEMBERED_BATCHES_MAX = 5;
/** No batch of the producer counts in the log's LogAppendTime. */
const NO_APPEND_TIME = -1;
/** In a snapshot: batches with idempotency keys do not expire by time. */
const KEYED_LAST_MS = 0;

const SEQUENCE_MODULUS = 2 ** 31;

/** What a batch says of its producer. */
export interface ProducerClaim {
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  readonly lastOffsetDelta: number;
}

/** Where the same batch stands already; `logAppendTime` only when the broker set its time. */
export interface DuplicateBatch {
  readonly kind: 'duplicate';
  readonly baseOffset: Offset;
  readonly lastOffset: Offset;
  readonly logAppendTime: number | undefined;
}

export type ProducerVerdict = { readonly kind: 'accept' } | DuplicateBatch;

interface RememberedBatch {
  readonly baseSequence: number;
  readonly lastSequence: number;
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly appendTime: number;
}

interface ProducerEntry {
  epoch: number;
  /** Wall time of the last append; after recovery the largest timestamp of its batches. */
  lastMs: number;
  batches: RememberedBatch[];
}

const ACCEPT: ProducerVerdict = Object.freeze({ kind: 'accept' });

/** What a partition knows of each producer session that wrote to it (KIP-98): enough to recognise duplicates and gaps. */
export class ProducerState {
  #entries = new Map<number, ProducerEntry>();
  readonly #keyed: KeyedBatches<RememberedBatch>;

  constructor(room: KeyRoom = new KeyRoom()) {
    this.#keyed = new KeyedBatches(room);
  }

  get size(): number {
    return this.#entries.size + this.#keyed.size;
  }

  /**
   * Whether a batch may be appended now, or is one that was.
   *
   * @throws MoldauError FENCED_PRODUCER, UNKNOWN_PRODUCER, OUT_OF_ORDER_SEQUENCE, DUPLICATE_SEQUENCE
   */
  check(claim: ProducerClaim): ProducerVerdict {
    if (claim.producerId === NO_PRODUCER_ID) return ACCEPT;
    if (claim.producerId >= FIRST_KEYED_PRODUCER_ID) return checkKeyed(claim, this.#keyed.find(claim.producerId, claim.producerEpoch));
    const entry = this.#entries.get(claim.producerId);
    if (entry === undefined) {
      if (claim.baseSequence === 0) return ACCEPT;
      throw refuse('UNKNOWN_PRODUCER', claim, 'the partition knows no batch of it; a session begins at sequence 0', 0);
    }
    if (claim.producerEpoch < entry.epoch) throw refuse('FENCED_PRODUCER', claim, `epoch ${entry.epoch} has written`, entry.epoch);
    const last = entry.batches.at(-1);
    if (claim.producerEpoch > entry.epoch || last === undefined) {
      if (claim.baseSequence === 0) return ACCEPT;
      throw refuse('OUT_OF_ORDER_SEQUENCE', claim, 'an epoch begins at sequence 0', 0);
    }
    return checkSequence(claim, entry.batches, last);
  }

  /** Notes the batch at `position`, which has its final base offset. `nowMs` undefined: in recovery, by the batch's own time. */
  note(bytes: Uint8Array, position: number, nowMs: number | undefined): void {
    const producerId = producerIdAt(bytes, position);
    if (producerId === NO_PRODUCER_ID) return;
    const epoch = producerEpochAt(bytes, position);
    if (producerId >= FIRST_KEYED_PRODUCER_ID) {
      this.#keyed.note(producerId, epoch, rememberedAt(bytes, position));
      return;
    }
    const entry = this.#entry(producerId, epoch);
    entry.lastMs = Math.max(entry.lastMs, nowMs ?? maxTimestampAt(bytes, position));
    // A control batch takes no place in the sequence.
    if (isControlAt(bytes, position) || baseSequenceAt(bytes, position) < 0) return;
    entry.batches.push(rememberedAt(bytes, position));
    if (entry.batches.length > REMEMBERED_BATCHES_MAX) entry.batches.shift();
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
    for (const [producerId, entry] of this.#entries) if (entry.lastMs < beforeMs) this.#entries.delete(producerId);
  }

  /** Forgets everything. */
  clear(): void {
    this.#entries.clear();
    this.#keyed.clear();
  }

  encode(writer: ByteWriter): void {
    writer.int32(this.size);
    for (const [producerId, entry] of this.#entries) encodeEntry(writer, producerId, entry);
    for (const [producerId, { epoch, batch }] of this.#keyed.entries()) {
      encodeEntry(writer, producerId, { epoch, lastMs: KEYED_LAST_MS, batches: [batch] });
    }
  }

  /** Replaces all by what `encode` wrote. */
  restore(reader: ByteReader): void {
    this.clear();
    for (let left = reader.int32(); left > 0; left--) {
      const producerId = reader.int64();
      const entry: ProducerEntry = { epoch: reader.int32(), lastMs: reader.int64(), batches: [] };
      for (let batches = reader.uint8(); batches > 0; batches--) entry.batches.push(readBatch(reader));
      const [batch] = entry.batches;
      if (producerId < FIRST_KEYED_PRODUCER_ID) this.#entries.set(producerId, entry);
      else if (batch !== undefined) this.#keyed.note(producerId, entry.epoch, batch);
    }
  }

  #entry(producerId: number, epoch: number): ProducerEntry {
    let entry = this.#entries.get(producerId);
    if (entry === undefined) {
      entry = { epoch, lastMs: 0, batches: [] };
      this.#entries.set(producerId, entry);
    }
    if (epoch > entry.epoch) {
      entry.epoch = epoch;
      entry.batches = [];
    }
    return entry;
  }
}

/** Payload of a `.snapshot`: log id, the offset it was taken at int64, then the producers. */
export function encodeSnapshot(logId: string, atOffset: number, producers: ProducerState): Uint8Array {
  const writer = new ByteWriter();
  writer.text(logId);
  writer.int64(atOffset);
  producers.encode(writer);
  return writer.finish();
}

/** False, with nothing changed, when the snapshot is of another log or offset. */
export function restoreSnapshot(payload: Uint8Array, logId: string, atOffset: number, into: ProducerState): boolean {
  const reader = new ByteReader(payload);
  if (reader.text() !== logId || reader.int64() !== atOffset) return false;
  into.restore(reader);
  return true;
}

function encodeEntry(writer: ByteWriter, producerId: number, entry: ProducerEntry): void {
  writer.int64(producerId);
  writer.int32(entry.epoch);
  writer.int64(entry.lastMs);
  writer.uint8(entry.batches.length);
  for (const batch of entry.batches) {
    writer.int32(batch.baseSequence);
    writer.int32(batch.lastSequence);
    writer.int64(batch.baseOffset);
    writer.int32(batch.lastOffset - batch.baseOffset);
    writer.int64(batch.appendTime);
  }
}

/** The batch at `position`, which has its final base offset. */
function rememberedAt(bytes: Uint8Array, position: number): RememberedBatch {
  const baseSequence = baseSequenceAt(bytes, position);
  const delta = lastOffsetDeltaAt(bytes, position);
  const baseOffset = baseOffsetAt(bytes, position);
  const appendTime = timestampTypeAt(bytes, position) === 'LogAppendTime' ? maxTimestampAt(bytes, position) : NO_APPEND_TIME;
  return { baseSequence, lastSequence: advanceSequence(baseSequence, delta), baseOffset, lastOffset: baseOffset + delta, appendTime };
}

function readBatch(reader: ByteReader): RememberedBatch {
  const baseSequence = reader.int32();
  const lastSequence = reader.int32();
  const baseOffset = reader.int64();
  return { baseSequence, lastSequence, baseOffset, lastOffset: baseOffset + reader.int32(), appendTime: reader.int64() };
}

/** A key has one batch in a partition: the same again is a duplicate, another one is a mistake of the caller. */
function checkKeyed(claim: ProducerClaim, known: RememberedBatch | undefined): ProducerVerdict {
  if (claim.baseSequence !== 0) throw refuse('UNKNOWN_PRODUCER', claim, 'the batch of an idempotency key begins at sequence 0', 0);
  if (known === undefined) return ACCEPT;
  const count = known.lastOffset - known.baseOffset + 1;
  if (claim.lastOffsetDelta + 1 === count) return duplicateOf(known);
  throw refuse('OUT_OF_ORDER_SEQUENCE', claim, `its idempotency key has written ${count} records to this partition`, count);
}

function duplicateOf({ baseOffset, lastOffset, appendTime }: RememberedBatch): DuplicateBatch {
  const logAppendTime = appendTime === NO_APPEND_TIME ? undefined : appendTime;
  return { kind: 'duplicate', baseOffset: baseOffset as Offset, lastOffset: lastOffset as Offset, logAppendTime };
}

function checkSequence(claim: ProducerClaim, batches: readonly RememberedBatch[], last: RememberedBatch): ProducerVerdict {
  const expected = advanceSequence(last.lastSequence, 1);
  if (claim.baseSequence === expected) return ACCEPT;
  const lastSequence = advanceSequence(claim.baseSequence, claim.lastOffsetDelta);
  const same = batches.find((batch) => batch.baseSequence === claim.baseSequence && batch.lastSequence === lastSequence);
  if (same !== undefined) return duplicateOf(same);
  const oldest = batches[0] ?? last;
  if (isBefore(lastSequence, oldest.baseSequence)) {
    throw refuse('DUPLICATE_SEQUENCE', claim, `only the last ${REMEMBERED_BATCHES_MAX} batches are remembered`, expected);
  }
  throw refuse('OUT_OF_ORDER_SEQUENCE', claim, `expected sequence ${expected}`, expected);
}

/** Whether `sequence` lies before `other` on the circle of int32 ≥ 0. */
function isBefore(sequence: number, other: number): boolean {
  const distance = (other - sequence + SEQUENCE_MODULUS) % SEQUENCE_MODULUS;
  return distance > 0 && distance < SEQUENCE_MODULUS / 2;
}

type Refusal = 'FENCED_PRODUCER' | 'UNKNOWN_PRODUCER' | 'OUT_OF_ORDER_SEQUENCE' | 'DUPLICATE_SEQUENCE';

function refuse(reason: Refusal, claim: ProducerClaim, why: string, limit: number): MoldauError {
  const message = `producer ${claim.producerId} in epoch ${claim.producerEpoch}, sequence ${claim.baseSequence}: ${why}`;
  return new MoldauError(reason, message, {
    producer_id: String(claim.producerId),
    producer_epoch: String(claim.producerEpoch),
    base_sequence: String(claim.baseSequence),
    limit: String(limit),
  });
}
