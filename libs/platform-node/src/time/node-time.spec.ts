import { isUuid } from '@moldau/kernel';
import { expect, it } from 'vitest';
import { createNodeIds, createNodeRandom } from '../random/node-random.ts';
import { createNodeClock } from './node-clock.ts';
import { createNodeScheduler } from './node-scheduler.ts';

it('the clock tells whole milliseconds of wall time and never goes back', () => {
  const clock = createNodeClock();
  expect(Number.isInteger(clock.wallMs())).toBe(true);
  const first = clock.monotonicMs();
  expect(clock.monotonicMs()).toBeGreaterThanOrEqual(first);
});

it('turns run in order after this one, those asked for within them in the next', async () => {
  const scheduler = createNodeScheduler();
  const log: string[] = [];
  await new Promise<void>((resolve) => {
    scheduler.nextTurn(() => {
      log.push('first');
      scheduler.nextTurn(() => {
        log.push('third');
        resolve();
      });
    });
    scheduler.nextTurn(() => log.push('second'));
    log.push('now');
  });
  expect(log).toEqual(['now', 'first', 'second', 'third']);
});

it('timers fire once, no earlier than asked, and not when cancelled', async () => {
  const scheduler = createNodeScheduler();
  const start = performance.now();
  const cancelled = scheduler.after(5, () => expect.unreachable());
  scheduler.after(1_000_000, () => {}, { background: true });
  cancelled.cancel();
  await new Promise<void>((resolve) => scheduler.after(20, resolve));
  expect(performance.now() - start).toBeGreaterThanOrEqual(19);
});

it('random numbers and ids keep to their ranges', () => {
  const random = createNodeRandom();
  for (let draw = 0; draw < 1000; draw++) {
    expect(random.fraction()).toBeLessThan(1);
    expect([0, 1, 2]).toContain(random.below(3));
  }
  const ids = createNodeIds();
  expect(isUuid(ids.uuid())).toBe(true);
  expect(ids.uuid()).not.toBe(ids.uuid());
});
