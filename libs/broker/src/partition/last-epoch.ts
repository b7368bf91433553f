import { NO_EPOCH } from '@moldau/replication';
import type { PartitionLog } from './partition-log.ts';

/** Leader epoch of the log's last batch; `NO_EPOCH` when it has none. */
export function lastEpochOf({ epochs, startOffset, endOffset }: Pick<PartitionLog, 'epochs' | 'startOffset' | 'endOffset'>): number {
  if (endOffset === startOffset) return NO_EPOCH;
  // An epoch that begins at the end has no batch: a former leader's that wrote nothing.
  return epochs.findLast((entry) => entry.startOffset < endOffset)?.epoch ?? NO_EPOCH;
}
