import { MoldauError, type Offset } from '@moldau/kernel';
import { advanceSequence } from '@moldau/records';

/** Batches remembered per producer: as many as a producer may have unanswered. */
export const REMEMBERED_BATCHES_MAX = 5;
/** No batch of the producer counts in the log's LogAppendTime. */
export const NO_APPEND_TIME = -1;
/** No transaction is open; no marker has told a coordinator's epoch. */
export const NONE = -1;

const SEQUENCE_MODULUS = 2 ** 31;

/** What a batch says of its producer. */
export interface ProducerClaim {
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  readonly lastOffsetDelta: number;
  /** Whether it is part of a transaction; default false. */
  readonly transactional?: boolean;
}

/** A transaction that no marker has ended yet. */
export interface OpenTransaction {
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly firstOffset: Offset;
  /** Wall time of its last batch. */
  readonly lastMs: number;
}

/** A producer's session as a partition knows it. */
export interface ProducerSummary {
  readonly producerId: number;
  /** Its newest epoch. */
  readonly producerEpoch: number;
  /** Undefined when only a marker is known of this epoch. */
  readonly lastSequence: number | undefined;
  /** Wall time of its last append; after recovery the largest timestamp of its batches. */
  readonly lastMs: number;
  /** First offset of its open transaction; undefined: none is open. */
  readonly openFromOffset: Offset | undefined;
  /** Epoch of the coordinator's shard that wrote its last marker; -1: none did. */
  readonly coordinatorEpoch: number;
}

/** What a marker has to get past. */
export interface MarkerClaim {
  readonly producerId: number;
  /** Above the epoch of the transaction's batches by one. */
  readonly producerEpoch: number;
  readonly outcome: 'commit' | 'abort';
  /** Epoch of the coordinator's shard. */
  readonly coordinatorEpoch: number;
}

/** Where the same batch stands already; `logAppendTime` only when the broker set its time. */
export interface DuplicateBatch {
  readonly kind: 'duplicate';
  readonly baseOffset: Offset;
  readonly lastOffset: Offset;
  readonly logAppendTime: number | undefined;
}

export type ProducerVerdict = { readonly kind: 'accept' } | DuplicateBatch;

export interface RememberedBatch {
  readonly baseSequence: number;
  readonly lastSequence: number;
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly appendTime: number;
}

/** What the checks look at of a producer. */
export interface KnownProducer {
  readonly epoch: number;
  readonly batches: readonly RememberedBatch[];
  /** First offset of the open transaction, or `NONE`. */
  readonly openFrom: number;
  readonly coordinatorEpoch: number;
}

export const ACCEPT: ProducerVerdict = Object.freeze({ kind: 'accept' });

/** Whether a batch continues what its producer has written. */
export function checkOrder(claim: ProducerClaim, entry: KnownProducer | undefined): ProducerVerdict {
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

/** See `ProducerState.checkMarker`. */
export function checkMarker(claim: MarkerClaim, entry: KnownProducer | undefined): 'accept' | 'present' {
  if (entry === undefined) return 'accept';
  if (claim.producerEpoch < entry.epoch) throw refuseMarker('FENCED_PRODUCER', claim, `epoch ${entry.epoch} has written`, entry.epoch);
  if (claim.coordinatorEpoch < entry.coordinatorEpoch) {
    throw refuseMarker('FENCED_SHARD', claim, `the coordinator of epoch ${entry.coordinatorEpoch} has written`, entry.coordinatorEpoch);
  }
  // With this epoch the next transaction may be under way: an old marker must not end it (KIP-1228).
  if (claim.producerEpoch === entry.epoch) return 'present';
  // Only a loss of the marker between them leaves an older transaction open. What it was to be nobody knows any more.
  if (entry.openFrom !== NONE && claim.outcome === 'commit' && claim.producerEpoch !== entry.epoch + 1) {
    throw refuseMarker('INVALID_TRANSACTION_STATE', claim, `the open transaction is of epoch ${entry.epoch}`, entry.epoch);
  }
  return 'accept';
}

/** A key has one batch in a partition: the same again is a duplicate, another one is a mistake of the caller. */
export function checkKeyed(claim: ProducerClaim, known: RememberedBatch | undefined): ProducerVerdict {
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

type Refusal =
  | 'FENCED_PRODUCER'
  | 'UNKNOWN_PRODUCER'
  | 'OUT_OF_ORDER_SEQUENCE'
  | 'DUPLICATE_SEQUENCE'
  | 'TRANSACTION_NOT_VERIFIED'
  | 'CONCURRENT_TRANSACTIONS'
  | 'INVALID_TRANSACTION_STATE';

function refuseMarker(
  reason: 'FENCED_PRODUCER' | 'FENCED_SHARD' | 'INVALID_TRANSACTION_STATE',
  claim: MarkerClaim,
  why: string,
  limit: number,
): MoldauError {
  const { producerId, producerEpoch, coordinatorEpoch, outcome } = claim;
  return new MoldauError(
    reason,
    `${outcome} marker of producer ${producerId} in epoch ${producerEpoch}, coordinator's ${coordinatorEpoch}: ${why}`,
    {
      producer_id: String(producerId),
      producer_epoch: String(producerEpoch),
      coordinator_epoch: String(coordinatorEpoch),
      limit: String(limit),
    },
  );
}

export function refuse(reason: Refusal, claim: ProducerClaim, why: string, limit: number): MoldauError {
  const message = `producer ${claim.producerId} in epoch ${claim.producerEpoch}, sequence ${claim.baseSequence}: ${why}`;
  return new MoldauError(reason, message, {
    producer_id: String(claim.producerId),
    producer_epoch: String(claim.producerEpoch),
    base_sequence: String(claim.baseSequence),
    limit: String(limit),
  });
}
