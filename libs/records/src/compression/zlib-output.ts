import { corruptBatch, decompressionLimitExceeded } from '../corrupt-batch.ts';

const CHUNK_BYTES_MIN = 16 * 1024;
const CHUNK_BYTES_MAX = 256 * 1024;
/** A usual ratio of compressed records; the first chunk of output then mostly suffices. */
const EXPECTED_RATIO = 6;

/** Bytes that zlib asks memory for at a time: near the expected output, never above the limit. */
export function outputChunkBytes(inputBytes: number, maxBytes: number): number {
  return Math.max(64, Math.min(Math.max(inputBytes * EXPECTED_RATIO, CHUNK_BYTES_MIN), CHUNK_BYTES_MAX, maxBytes + 1));
}

/** Runs one of zlib's bounded calls; gives its errors their catalogue names. */
export function boundedOutput(codec: string, maxBytes: number, run: () => Uint8Array): Uint8Array {
  try {
    return run();
  } catch (caught) {
    if (caught instanceof Error && 'code' in caught && caught.code === 'ERR_BUFFER_TOO_LARGE') {
      throw decompressionLimitExceeded(codec, maxBytes, caught);
    }
    throw corruptBatch(`holds bad ${codec} data`, { codec }, caught);
  }
}
