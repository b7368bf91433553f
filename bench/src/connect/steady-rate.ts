import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 50;
const TIMEOUT_MS = 300_000;

/** How fast a count rises from when it first moves until it has reached `total`, in units a second: the start is not counted. */
export async function steadyRate(total: number, count: () => Promise<number>): Promise<number> {
  const deadline = performance.now() + TIMEOUT_MS;
  let first: { readonly at: number; readonly count: number } | undefined;
  for (;;) {
    const now = await count();
    const at = performance.now();
    if (first !== undefined && now >= total) return ((total - first.count) / (at - first.at)) * 1000;
    if (now > 0) first ??= { at, count: now };
    if (at > deadline) throw new Error(`${now} of ${total} after ${TIMEOUT_MS} ms`);
    await sleep(POLL_MS);
  }
}
