import { MoldauError } from '@moldau/kernel';
import { errorToItem, type ItemError } from '@moldau/protocol';
import { FIRST_KEYED_PRODUCER_ID } from '@moldau/storage';
import type { AcksMode } from '../partition/pending-batch.ts';
import { invalidField } from '../produce/produce-terms.ts';
import { sha256 } from './sha-256.ts';

/** Longest key, in bytes of UTF-8: room for two UUIDs and names; it is hashed, not kept. */
export const IDEMPOTENCY_KEY_BYTES_MAX = 256;

/** Bits of the hash above the first word that become part of the producer id: 52 in all, the rest of a safe integer. */
const ID_HIGH_MASK = 0x000f_ffff;
/** A producer epoch is an int16 ≥ 0. */
const EPOCH_MASK = 0x7fff;
const KEY_SHOWN_LENGTH = 64;

const encoder = new TextEncoder();

/**
 * The producer that an idempotency key stands for. All of it follows from the key alone, so any broker makes the same
 * batches of the same request, before and after a restart, and the partition's producer state, which is kept with its log,
 * knows a repetition. Two keys share 52 bits of id and 15 of epoch by chance about once in 10²⁰ pairs.
 */
export interface KeyedProducer {
  readonly fields: { readonly producerId: number; readonly producerEpoch: number; readonly baseSequence: 0 };
  /** Where its records without a key of their own go. */
  partitionAmong(partitions: number): number;
  /** The error of a batch, in the caller's terms: it knows nothing of sequences. */
  toItem(error: ItemError): ItemError;
}

/** @throws MoldauError INVALID_REQUEST when the key is empty or too long, INVALID_ACKS unless acks is all */
export function keyedProducer(key: string, acks: AcksMode): KeyedProducer {
  const bytes = encoder.encode(key);
  if (bytes.length < 1 || bytes.length > IDEMPOTENCY_KEY_BYTES_MAX) {
    throw invalidField('idempotency_key', `${bytes.length} bytes long`, `1 … ${IDEMPOTENCY_KEY_BYTES_MAX} bytes of UTF-8`);
  }
  if (acks !== 'all') {
    throw new MoldauError('INVALID_ACKS', `an idempotency key was sent with acks=${acks}; it needs all`, { value: acks, limit: 'all' });
  }
  const hash = sha256(bytes);
  const producerId = FIRST_KEYED_PRODUCER_ID + hash[0]! + (hash[1]! & ID_HIGH_MASK) * 2 ** 32;
  return {
    fields: { producerId, producerEpoch: hash[2]! & EPOCH_MASK, baseSequence: 0 },
    partitionAmong: (partitions) => hash[3]! % partitions,
    toItem: (error) => (error.reason === 'OUT_OF_ORDER_SEQUENCE' ? errorToItem(usedOtherwise(key)) : error),
  };
}

function usedOtherwise(key: string): MoldauError {
  const shown = key.slice(0, KEY_SHOWN_LENGTH);
  const limit = 'the request it was first used for';
  const facts = { field: 'idempotency_key', value: shown, limit };
  return new MoldauError('INVALID_REQUEST', `idempotency_key '${shown}' was used for other records; allowed: ${limit}`, facts);
}
