import { setTimeout as sleep } from 'node:timers/promises';

/** Longest wait for the producers to get through once nothing is in their way. */
const PROGRESS_TIMEOUT_MS = 60_000;
const POLL_MS = 10;

/** Waits until the count rises: the producers have found a leader. */
export async function progress(count: () => number, timeoutMs = PROGRESS_TIMEOUT_MS): Promise<void> {
  const before = count();
  await eventually(async () => count() > before, `nothing was acknowledged for ${timeoutMs} ms`, timeoutMs);
}

/** Waits until something holds; what throws does not hold yet. */
export async function eventually(holds: () => Promise<boolean>, otherwise: string, timeoutMs = PROGRESS_TIMEOUT_MS): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      if (await holds()) return;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline) throw new Error(otherwise, { cause: last });
    await sleep(POLL_MS);
  }
}
