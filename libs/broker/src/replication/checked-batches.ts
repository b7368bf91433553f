import { MoldauError, type Offset } from '@moldau/kernel';
import type { PartitionNews } from '@moldau/protocol';
import { baseOffsetAt, cutFillerFront, isFillerAt, nextOffsetAt, partitionLeaderEpochAt, validateBatch } from '@moldau/records';
import type { BatchRun } from '@moldau/replication';

/** Batches of any origin that a log may hold; the leader has checked them against its topic's limits. */
const FROM_LOG = { origin: 'log', maxBytes: Number.MAX_SAFE_INTEGER } as const;

/**
 * The batches of a leader's news, each with its CRC checked, for a log that ends at `end`; undefined: there are none.
 * Compaction joins removed batches, so the leader may have one that begins before `end` and holds nothing: its front is cut.
 *
 * @throws MoldauError CORRUPT_BATCH
 */
export function checkedBatches({ recordBatches: bytes, leaderEpoch }: PartitionNews, end: Offset): BatchRun | undefined {
  if (bytes.length === 0) return undefined;
  let last = 0;
  for (let at = 0; at < bytes.length; ) {
    const size = validateBatch(bytes, at, FROM_LOG);
    // The CRC covers neither offset nor epoch: the log checks that offsets continue and epochs don't go back.
    const epoch = partitionLeaderEpochAt(bytes, at);
    if (epoch < 0 || epoch > leaderEpoch) {
      const facts = { leader_epoch: String(epoch), limit: String(leaderEpoch), position: String(at) };
      throw new MoldauError('CORRUPT_BATCH', `a batch of leader epoch ${epoch} came in epoch ${leaderEpoch}`, facts);
    }
    last = at;
    at += size;
  }
  if (isFillerAt(bytes, 0) && baseOffsetAt(bytes, 0) < end && nextOffsetAt(bytes, 0) > end) cutFillerFront(bytes, 0, end);
  return { bytes, baseOffset: baseOffsetAt(bytes, 0), endOffset: nextOffsetAt(bytes, last) };
}
