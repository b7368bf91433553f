import { setTimeout as sleep } from 'node:timers/promises';
import { MoldauError } from '@moldau/kernel';

/** Longest time that an operation is tried: a new owner of a shard, a new leader, on a machine that is busy. */
const TRIED_MS = 60_000;
const PAUSE_MS = 50;

/** Tries what may be done twice, again as long as its errors say that this helps. @throws MoldauError the first that does not, or the last */
export async function persistently<Result>(attempt: () => Promise<Result>): Promise<Result> {
  const deadline = performance.now() + TRIED_MS;
  for (;;) {
    try {
      return await attempt();
    } catch (caught) {
      const error = MoldauError.from(caught);
      if (!error.retriable || performance.now() > deadline) throw error;
      await sleep(PAUSE_MS);
    }
  }
}
