import type { Scheduler } from '@moldau/kernel';

/** Turns and timers of the event loop. All callbacks asked for within a turn share one immediate and keep their order. */
export function createNodeScheduler(): Scheduler {
  let waiting: (() => void)[] = [];
  const runWaiting = (): void => {
    const callbacks = waiting;
    waiting = [];
    for (const callback of callbacks) callback();
  };
  return {
    nextTurn(callback) {
      if (waiting.push(callback) === 1) setImmediate(runWaiting);
    },
    after(delayMs, callback, options) {
      const timer = setTimeout(callback, delayMs);
      if (options?.background === true) timer.unref();
      return { cancel: () => clearTimeout(timer) };
    },
  };
}
