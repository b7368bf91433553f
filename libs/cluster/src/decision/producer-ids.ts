import type { MetadataImage } from '../image/metadata-image.ts';
import { PRODUCER_IDS_KEY } from '../image/metadata-keys.ts';
import { encodeProducerIds } from '../image/record-codec.ts';
import { asRead, type RecordWrite } from './record-write.ts';

/** Ids of one block: a broker asks once for so many producer sessions. */
export const PRODUCER_ID_BLOCK = 1_000;

/** Hands out the next block. */
export function allocateProducerIds(image: MetadataImage): {
  readonly first: number;
  readonly count: number;
  readonly writes: readonly RecordWrite[];
} {
  const first = image.producerIds?.next ?? 0;
  const value = encodeProducerIds(first + PRODUCER_ID_BLOCK, image.producerIds);
  return { first, count: PRODUCER_ID_BLOCK, writes: [{ key: PRODUCER_IDS_KEY, value, expected: asRead(image.producerIds) }] };
}
