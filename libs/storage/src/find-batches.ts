import { BATCH_HEADER_BYTES, baseOffsetAt, hasValidCrc, lastOffsetDeltaAt, MAGIC, magicAt, sizeInBytesAt } from '@moldau/records';
import { BATCH_BYTES_MAX } from './batch-check.ts';

/** A run of good batches, or of bytes that are none, in a damaged log file. */
export type LogPiece =
  | { readonly kind: 'batches'; readonly position: number; readonly bytes: number; readonly baseOffset: number; readonly endOffset: number }
  | { readonly kind: 'damage'; readonly position: number; readonly bytes: number };

/**
 * Takes a whole log file apart: good batches, and what lies between. After damage the next good batch is searched byte by
 * byte; it must have a higher offset than what came before. Adjacent batches form one piece while their offsets are dense.
 */
export function takeApart(bytes: Uint8Array, firstOffset: number): LogPiece[] {
  const pieces: LogPiece[] = [];
  let position = 0;
  let expected = firstOffset;
  while (position < bytes.length) {
    const size = goodBatchAt(bytes, position, expected, pieces.length === 0 || pieces.at(-1)?.kind === 'damage');
    if (size === undefined) {
      const end = nextGoodBatch(bytes, position + 1, expected);
      pieces.push({ kind: 'damage', position, bytes: end - position });
      position = end;
      continue;
    }
    const baseOffset = baseOffsetAt(bytes, position);
    const endOffset = baseOffset + lastOffsetDeltaAt(bytes, position) + 1;
    const last = pieces.at(-1);
    if (last?.kind === 'batches') pieces[pieces.length - 1] = { ...last, bytes: last.bytes + size, endOffset };
    else pieces.push({ kind: 'batches', position, bytes: size, baseOffset, endOffset });
    position += size;
    expected = endOffset;
  }
  return pieces;
}

/** Where the next good batch begins; the end when there is none. */
function nextGoodBatch(bytes: Uint8Array, from: number, expected: number): number {
  let position = from;
  while (position < bytes.length && goodBatchAt(bytes, position, expected, true) === undefined) position += 1;
  return position;
}

/** Size of the good batch at `position`; `afterDamage` allows its offset to lie further on. */
function goodBatchAt(bytes: Uint8Array, position: number, expected: number, afterDamage: boolean): number | undefined {
  if (bytes.length - position < BATCH_HEADER_BYTES || magicAt(bytes, position) !== MAGIC) return undefined;
  const size = sizeInBytesAt(bytes, position);
  if (size < BATCH_HEADER_BYTES || size > BATCH_BYTES_MAX || position + size > bytes.length) return undefined;
  if (!hasValidCrc(bytes, position, size) || lastOffsetDeltaAt(bytes, position) < 0) return undefined;
  try {
    const baseOffset = baseOffsetAt(bytes, position);
    return baseOffset === expected || (afterDamage && baseOffset > expected) ? size : undefined;
  } catch {
    return undefined;
  }
}
