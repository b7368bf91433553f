import { MoldauError } from '@moldau/kernel';
import { Acks } from '@moldau/protocol';
import type { AcksMode } from '../partition/pending-batch.ts';

/** How long a batch waits for its confirmation unless the request says otherwise. */
export const PRODUCE_TIMEOUT_MS_DEFAULT = 30_000;
export const PRODUCE_TIMEOUT_MS_MAX = 300_000;
/** Batches of one request or append. */
export const PRODUCE_BATCHES_MAX = 10_000;
/** A produce message with all its fields: the API's limit for public messages. */
export const PRODUCE_MESSAGE_BYTES_MAX = 4 * 1024 * 1024;

/** What a request or a stream's configuration says of all its batches. */
export interface ProduceTerms {
  readonly acks: AcksMode;
  readonly timeoutMs: number;
}

/** Checks the terms and fills their defaults. @throws MoldauError INVALID_REQUEST */
export function validateProduceTerms(request: { readonly acks: Acks; readonly timeoutMs?: number | undefined }): ProduceTerms {
  const timeoutMs = request.timeoutMs ?? PRODUCE_TIMEOUT_MS_DEFAULT;
  if (timeoutMs < 1 || timeoutMs > PRODUCE_TIMEOUT_MS_MAX) throw invalidField('timeout_ms', timeoutMs, `1 … ${PRODUCE_TIMEOUT_MS_MAX}`);
  return { acks: validateAcks(request.acks), timeoutMs };
}

/** @throws MoldauError INVALID_REQUEST */
export function validateAcks(acks: Acks): AcksMode {
  switch (acks) {
    case Acks.UNSPECIFIED:
    case Acks.ALL:
      return 'all';
    case Acks.LEADER:
      return 'leader';
    case Acks.NONE:
      return 'none';
    default:
      throw invalidField('acks', acks, 'a value of the enum Acks');
  }
}

/** The error for a field outside its limits. */
export function invalidField(field: string, value: number | string, limit: string): MoldauError {
  return new MoldauError('INVALID_REQUEST', `${field} is ${value}; allowed: ${limit}`, { field, value: String(value), limit });
}

/** @throws MoldauError INVALID_REQUEST when a list has more items than one request may have */
export function assertCount(field: string, count: number, limit: number): void {
  if (count > limit) throw invalidField(field, `${count} items`, `at most ${limit}`);
}
