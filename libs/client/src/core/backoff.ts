import type { Random } from '@moldau/kernel';

/** Longest wait before the first retry. */
export const BACKOFF_INITIAL_MS = 100;
/** Longest wait before any retry: a leader election takes about as long. */
export const BACKOFF_MAX_MS = 1_000;
/** Doublings after which the maximum is reached for any initial value; keeps the power in range. */
const DOUBLINGS_MAX = 16;

/**
 * How long to wait before retry number `attempt` (0 for the first): uniform in (0, initial × 2^attempt], at most the
 * maximum. "Full jitter" spreads clients that failed together best (AWS Architecture Blog, "Exponential Backoff And Jitter").
 */
export function backoffMs(random: Random, attempt: number): number {
  const ceiling = Math.min(BACKOFF_MAX_MS, BACKOFF_INITIAL_MS * 2 ** Math.min(attempt, DOUBLINGS_MAX));
  return Math.max(1, Math.ceil(random.fraction() * ceiling));
}
