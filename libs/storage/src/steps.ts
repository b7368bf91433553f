import type { Scheduler } from '@moldau/kernel';
import { nextTurn } from './disk-calls.ts';

/** Partitions, or as much work as one of them makes, in one step of the event loop: a millisecond or two. */
export const PARTITIONS_PER_STEP = 256;

/** Does `work` for all items in order, not more than `perStep` of them in one step of the event loop. */
export async function inSteps<Item>(
  scheduler: Scheduler,
  items: Iterable<Item>,
  work: (item: Item) => void,
  perStep = PARTITIONS_PER_STEP,
): Promise<void> {
  let left = perStep;
  for (const item of items) {
    if (left === 0) {
      await nextTurn(scheduler);
      left = perStep;
    }
    work(item);
    left -= 1;
  }
}
