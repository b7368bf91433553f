import type { OffsetResult, OffsetToCommit } from '@moldau/protocol';
import type { OffsetFaults } from './offset-ends.ts';

/** Results in the order of the request: of the offsets that were refused here, and of the others as the owner answered them. */
export function mergeResults(asked: readonly OffsetToCommit[], faults: OffsetFaults, answered: readonly OffsetResult[]): OffsetResult[] {
  if (faults.size === 0) return [...answered];
  let next = 0;
  return asked.map(({ topicId, partition }, at) => {
    const error = faults.get(at);
    if (error !== undefined) return { topicId, partition, error };
    return answered[next++] ?? { topicId, partition };
  });
}
