import { setTimeout as sleep } from 'node:timers/promises';

/** Longest wait for the producers to get through once nothing is in their way. */
const PROGRESS_TIMEOUT_MS = 60_000;
/** Each look may be a call to the cluster. */
const POLL_MS = 50;

/** Waits until the count rises: the producers have found a leader. */
export async function progress(count: () => number, timeoutMs = PROGRESS_TIMEOUT_MS): Promise<void> {
  const before = count();
  await eventually(async () => count() > before, `nothing was acknowledged for ${timeoutMs} ms`, timeoutMs);
}

/** Waits until something holds; what throws does not hold yet. */
export async function eventually(
  holds: () => Promise<boolean>,
  otherwise: string | (() => string),
  timeoutMs = PROGRESS_TIMEOUT_MS,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  let last: Error | undefined;
  for (;;) {
    try {
      if (await holds()) return;
      last = undefined;
    } catch (error) {
      last = error instanceof Error ? error : new Error(String(error));
    }
    if (performance.now() > deadline) {
      const what = typeof otherwise === 'string' ? otherwise : otherwise();
      throw new Error(last === undefined ? what : `${what} (${last.message})`, { cause: last });
    }
    await sleep(POLL_MS);
  }
}
