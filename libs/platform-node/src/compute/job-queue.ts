import { MoldauError } from '@moldau/kernel';

/** Runs jobs, so many at once; the others wait in order, so many at most. */
export interface JobQueue {
  /** @throws MoldauError MEMORY_BUDGET_EXHAUSTED when too many wait */
  run<Result>(job: () => Promise<Result>): Promise<Result>;
}

export function createJobQueue(concurrency: number, queueMax: number): JobQueue {
  const waiting: (() => void)[] = [];
  let running = 0;

  async function enter(): Promise<void> {
    if (running < concurrency) {
      running++;
      return;
    }
    if (waiting.length >= queueMax) {
      throw new MoldauError('MEMORY_BUDGET_EXHAUSTED', `${queueMax} compression jobs wait already`, { limit: String(queueMax) });
    }
    // Whoever leaves hands over its place, so nobody new can slip in between.
    await new Promise<void>((resolve) => waiting.push(resolve));
  }

  function leave(): void {
    const next = waiting.shift();
    if (next === undefined) running--;
    else next();
  }

  return {
    async run(job) {
      await enter();
      try {
        return await job();
      } finally {
        leave();
      }
    },
  };
}
