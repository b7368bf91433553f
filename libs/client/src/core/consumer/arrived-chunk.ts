import { MoldauError, type Offset } from '@moldau/kernel';
import { batchesIn, nextOffsetAt } from '@moldau/records';
import type { AssignedPartition } from './assigned-partition.ts';
import type { BrokerReader, PartitionRead } from './broker-reader.ts';
import type { Chunk } from './chunk.ts';

/**
 * The batches of a message, for the partition's position, and the offset after them.
 *
 * @throws MoldauError CORRUPT_BATCH when the bytes are no row of whole batches
 */
export function parseChunk<K, V>(
  reader: BrokerReader<K, V>,
  partition: AssignedPartition<K, V>,
  read: PartitionRead,
): { readonly chunk: Chunk<K, V>; readonly nextOffset: Offset } {
  const bytes = read.recordBatches;
  const spans = [...batchesIn(bytes)];
  const last = spans.at(-1);
  if (last === undefined) throw new MoldauError('CORRUPT_BATCH', `${bytes.length} bytes hold no whole batch`);
  partition.epochs.note(bytes, spans);
  const chunk: Chunk<K, V> = {
    t: 'chunk',
    partition,
    positionId: partition.positionId,
    reader,
    bytes,
    spans,
    index: 0,
    from: partition.fetchOffset ?? 0,
    highWatermark: read.highWatermark,
    aborted: [...read.abortedTransactions].sort((one, other) => one.firstOffset - other.firstOffset),
    abortedProducers: new Set(),
    nextAborted: 0,
  };
  return { chunk, nextOffset: nextOffsetAt(bytes, last.position) };
}
