import type { Scheduler } from '@moldau/kernel';

/** Waits until the promise resolves, but not longer than so many milliseconds. */
export function within(scheduler: Scheduler, limitMs: number, promise: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const timer = scheduler.after(limitMs, resolve);
    void promise.then(() => {
      timer.cancel();
      resolve();
    });
  });
}
