import { BATCH_HEADER_BYTES, BATCH_LENGTH_OVERHEAD, sizeInBytesAt } from './batch-header.ts';
import { assertWholeBatch } from './validate-batch.ts';

/** One batch in a buffer of several. */
export interface BatchSpan {
  /** Where the batch begins. */
  readonly position: number;
  readonly sizeInBytes: number;
}

/**
 * The whole batches in `bytes` from `start`, one after the other, without their CRCs checked. Ends quietly before a last
 * batch that is cut off, as the end of a fetch response may be.
 *
 * @throws MoldauError CORRUPT_BATCH at a batch with an impossible length or an unknown version
 */
export function* batchesIn(bytes: Uint8Array, start = 0): Generator<BatchSpan, void, undefined> {
  let position = start;
  while (holdsWholeBatch(bytes, position)) {
    const sizeInBytes = assertWholeBatch(bytes, position);
    yield { position, sizeInBytes };
    position += sizeInBytes;
  }
}

/** False where the bytes end before the batch does; true also for a batch whose length can't be right. */
function holdsWholeBatch(bytes: Uint8Array, position: number): boolean {
  const available = bytes.length - position;
  if (available < BATCH_LENGTH_OVERHEAD) return false;
  const size = sizeInBytesAt(bytes, position);
  if (size >= BATCH_HEADER_BYTES) return size <= available;
  // Too short to be right: an error, once there are bytes enough to say so.
  return available >= BATCH_HEADER_BYTES;
}
