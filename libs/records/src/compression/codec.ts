import type { CompressionName } from '@moldau/kernel';

/** One compression of record batches. Its number in a batch's attributes is its place in `COMPRESSION_NAMES`. */
export interface Codec {
  readonly name: CompressionName;
  compress(bytes: Uint8Array): Uint8Array;
  /**
   * May return a view of `bytes`. Memory is bounded by `maxBytes`, whatever the input claims.
   *
   * @throws MoldauError DECOMPRESSION_LIMIT_EXCEEDED, CORRUPT_BATCH
   */
  decompress(bytes: Uint8Array, maxBytes: number): Uint8Array;
  /** Loads what the codec needs on this version of Node; `compress` and `decompress` may be called after it. */
  prepare(): Promise<void>;
}

/** For a codec that is ready once imported. */
export async function nothingToPrepare(): Promise<void> {}
