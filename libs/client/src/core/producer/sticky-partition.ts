import type { Random } from '@moldau/kernel';
import type { PartitionView } from '../cluster/metadata-view.ts';

/**
 * The next partition for records without a key (KIP-794): random, in proportion to how short the queues are, among those
 * that have a leader. A slow broker's queues grow, and so it gets less.
 */
export function chooseSticky(partitions: readonly PartitionView[], loadOf: (index: number) => number, random: Random): number {
  const led = partitions.some(({ leaderId }) => leaderId !== undefined);
  let longest = 0;
  for (let index = 0; index < partitions.length; index++) longest = Math.max(longest, loadOf(index));
  const weightOf = (index: number): number => {
    if (led && partitions[index]?.leaderId === undefined) return 0;
    return longest + 1 - loadOf(index);
  };
  let total = 0;
  for (let index = 0; index < partitions.length; index++) total += weightOf(index);
  let ticket = random.below(total);
  for (let index = 0; index < partitions.length; index++) {
    ticket -= weightOf(index);
    if (ticket < 0) return index;
  }
  return 0;
}
