import type { MetadataImage } from '../image/metadata-image.ts';
import { PRODUCER_IDS_KEY } from '../image/metadata-keys.ts';
import { encodeProducerIds } from '../image/record-codec.ts';
import { asRead, type RecordWrite } from './record-write.ts';

/** Ids of one block: a broker asks once for so many producer sessions. */
export const PRODUCER_ID_BLOCK = 1_000;

/**
 * Hands out the next block: behind the last one, and never below the version of the metadata times the size of a block. A restored
 * backup forgets the blocks since it was made, but its revision is raised above any that was used (docs/operations.md), and each
 * block took a revision at least. An id that is handed out twice would have its new records taken for repetitions of old ones.
 */
export function allocateProducerIds(image: MetadataImage): {
  readonly first: number;
  readonly count: number;
  readonly writes: readonly RecordWrite[];
} {
  const first = Math.max(image.producerIds?.next ?? 0, image.version * PRODUCER_ID_BLOCK);
  const value = encodeProducerIds(first + PRODUCER_ID_BLOCK, image.producerIds);
  return { first, count: PRODUCER_ID_BLOCK, writes: [{ key: PRODUCER_IDS_KEY, value, expected: asRead(image.producerIds) }] };
}
