import { MoldauError } from '@moldau/kernel';
import { RecordBatchBuilder } from '@moldau/records';
import type { CommitRound } from './commit-queue.ts';

const NO_BYTES = new Uint8Array(0);

/**
 * The batch of a round; without records no bytes. Not compressed: records of group state are small, and the commit waits.
 *
 * @throws MoldauError RECORD_TOO_LARGE when its operation does not fit a batch
 */
export function encodeRound({ operations, recordCount }: CommitRound, wallMs: number, batchBytesMax: number): Uint8Array {
  if (recordCount === 0) return NO_BYTES;
  const builder = new RecordBatchBuilder({ targetBytes: batchBytesMax, maxBytes: batchBytesMax });
  for (const { records } of operations) {
    for (const { key, value } of records) {
      if (!builder.append(wallMs, key, value ?? null)) throw tooLarge(recordCount, batchBytesMax);
    }
  }
  return builder.build({});
}

function tooLarge(records: number, limit: number): MoldauError {
  const facts = { value: String(records), limit: String(limit) };
  return new MoldauError('RECORD_TOO_LARGE', `the ${records} records of one operation make a batch of more than ${limit} bytes`, facts);
}
