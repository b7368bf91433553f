import type { Clock } from '@moldau/kernel';

/** The clocks of this process. */
export function createNodeClock(): Clock {
  return { monotonicMs: () => performance.now(), wallMs: () => Date.now() };
}
