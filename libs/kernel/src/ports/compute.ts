import type { CompressionName } from '../compression-name.ts';

/** Work that may take long, off the event loop: a thread pool in production, the seeded scheduler in simulation. */
export interface Compute {
  compress(codec: CompressionName, bytes: Uint8Array): Promise<Uint8Array>;
  /** Rejects with MoldauError DECOMPRESSION_LIMIT_EXCEEDED once the output would pass `maxBytes`, CORRUPT_BATCH on bad input. */
  decompress(codec: CompressionName, bytes: Uint8Array, maxBytes: number): Promise<Uint8Array>;
}
