/** The codecs of a record batch, in the order of their numbers in its attributes. */
export const COMPRESSION_NAMES = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;

export type CompressionName = (typeof COMPRESSION_NAMES)[number];
