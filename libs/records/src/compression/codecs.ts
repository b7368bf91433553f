import type { CompressionName } from '@moldau/kernel';
import { decompressionLimitExceeded } from '../corrupt-batch.ts';
import type { Codec } from './codec.ts';
import { gzip } from './gzip.ts';
import { lz4 } from './lz4.ts';
import { none } from './none.ts';
import { snappy } from './snappy.ts';
import { zstd } from './zstd.ts';

/** Every codec, by name. */
const CODECS: Readonly<Record<CompressionName, Codec>> = { none, gzip, snappy, lz4, zstd };

/** Compresses on the calling thread; for `none` the very same bytes. */
export function compress(codec: CompressionName, bytes: Uint8Array): Uint8Array {
  return CODECS[codec].compress(bytes);
}

/**
 * Decompresses on the calling thread; for `none` the very same bytes. Memory is bounded by `maxBytes`, whatever the input
 * claims. Output of exactly `maxBytes` is allowed.
 *
 * @throws MoldauError DECOMPRESSION_LIMIT_EXCEEDED (with the limit) or CORRUPT_BATCH
 */
export function decompress(codec: CompressionName, bytes: Uint8Array, maxBytes: number): Uint8Array {
  const output = CODECS[codec].decompress(bytes, maxBytes);
  // zlib takes no limit of 0 and so may pass it by one byte.
  if (output.length > maxBytes) throw decompressionLimitExceeded(codec, maxBytes);
  return output;
}

/**
 * Loads what the codec needs; resolves at once where it is built in. Only zstd on Node before 22.15 needs it, before its
 * first use in the process; without it `compress` and `decompress` fail an assertion there.
 */
export function prepareCompression(codec: CompressionName): Promise<void> {
  return CODECS[codec].prepare();
}
