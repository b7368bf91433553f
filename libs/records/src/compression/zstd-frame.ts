import { corruptBatch, decompressionLimitExceeded } from '../corrupt-batch.ts';

/**
 * The Zstandard frame format (RFC 8878 §3.1.1), read only as far as to bound what a frame decompresses to:
 *
 *   magic 28 b5 2f fd, descriptor, [window descriptor], [dictionary id], [content size]
 *   then blocks: 3 bytes little-endian: bit 0 last, bits 1–2 type, bits 3–23 size; then their bytes; [checksum uint32]
 */
const MAGIC = 0xfd2f_b528;
const SKIPPABLE_MAGIC = 0x184d_2a50;
/** No block holds more, whatever the window. */
const BLOCK_BYTES_MAX = 128 * 1024;
const DICTIONARY_ID_BYTES = [0, 1, 2, 4] as const;
const BLOCK_RAW = 0;
const BLOCK_RLE = 1;
const BLOCK_COMPRESSED = 2;

/**
 * An upper bound of what all frames in `bytes` decompress to: exact where every block is raw or frames state their size.
 *
 * @throws MoldauError CORRUPT_BATCH, or DECOMPRESSION_LIMIT_EXCEEDED when a frame states a size above the limit
 */
export function zstdOutputBound(bytes: Uint8Array, maxBytes: number): number {
  let at = 0;
  let bound = 0;
  do {
    const magic = littleEndian(bytes, at, 4);
    if (magic === MAGIC) {
      const header = readFrameHeader(bytes, at + 4);
      if (header.contentBytes !== undefined && bound + header.contentBytes > maxBytes) throw decompressionLimitExceeded('zstd', maxBytes);
      const blocks = measureBlocks(bytes, header.end);
      bound += Math.min(header.contentBytes ?? blocks.bound, blocks.bound);
      at = blocks.end + (header.checksum ? 4 : 0);
    } else if ((magic & ~0x0f) >>> 0 === SKIPPABLE_MAGIC) {
      at += 8 + littleEndian(bytes, at + 4, 4);
    } else {
      throw corrupt('has no magic number');
    }
    if (at > bytes.length) throw corrupt('ends too early');
  } while (at < bytes.length);
  return bound;
}

function readFrameHeader(bytes: Uint8Array, position: number): { contentBytes: number | undefined; checksum: boolean; end: number } {
  const descriptor = littleEndian(bytes, position, 1);
  const singleSegment = (descriptor & 0x20) !== 0;
  const sizeCode = descriptor >>> 6;
  const sizeBytes = sizeCode === 0 ? (singleSegment ? 1 : 0) : 2 ** sizeCode;
  const at = position + 1 + (singleSegment ? 0 : 1) + DICTIONARY_ID_BYTES[(descriptor & 3) as 0 | 1 | 2 | 3];
  const stated = littleEndian(bytes, at, sizeBytes) + (sizeBytes === 2 ? 256 : 0);
  return { contentBytes: sizeBytes === 0 ? undefined : stated, checksum: (descriptor & 0x04) !== 0, end: at + sizeBytes };
}

function measureBlocks(bytes: Uint8Array, position: number): { bound: number; end: number } {
  let at = position;
  let bound = 0;
  for (;;) {
    const header = littleEndian(bytes, at, 3);
    const size = header >>> 3;
    const type = (header >>> 1) & 3;
    at += 3;
    if (type === BLOCK_RAW || type === BLOCK_RLE) {
      bound += size;
      at += type === BLOCK_RAW ? size : 1;
    } else if (type === BLOCK_COMPRESSED) {
      bound += BLOCK_BYTES_MAX;
      at += size;
    } else {
      throw corrupt('has a block of unknown type');
    }
    if (at > bytes.length) throw corrupt('ends too early');
    if ((header & 1) === 1) return { bound, end: at };
  }
}

function littleEndian(bytes: Uint8Array, at: number, count: number): number {
  if (at + count > bytes.length) throw corrupt('ends too early');
  let value = 0;
  for (let index = count - 1; index >= 0; index--) value = value * 256 + bytes[at + index]!;
  return value;
}

function corrupt(problem: string): Error {
  return corruptBatch(`holds bad zstd data: a frame ${problem}`, { codec: 'zstd' });
}
