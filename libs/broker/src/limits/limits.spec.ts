import { SimScheduler } from '@moldau/testkit';
import { describe, expect, it } from 'vitest';
import { ByteBudget } from './byte-budget.ts';
import { ConcurrencyLimit } from './concurrency-limit.ts';
import { DeadlineWheel } from './deadline-wheel.ts';
import { Slots } from './slots.ts';
import { TurnShare } from './turn-share.ts';

describe('the deadline wheel', () => {
  it('expires each wait at its time, soon or after many rounds, and leaves no timer behind', async () => {
    const scheduler = new SimScheduler();
    const wheel = new DeadlineWheel(scheduler.clock, scheduler);
    const at = new Map<number, number>();
    for (const delay of [0, 1, 15, 500, 10_230, 10_240, 60_000]) wheel.after(delay, () => at.set(delay, scheduler.nowMs));
    await scheduler.run(70_000);
    for (const [delay, expired] of at) {
      expect(expired).toBeGreaterThanOrEqual(delay);
      expect(expired).toBeLessThanOrEqual(delay + 21);
    }
    expect(at.size).toBe(7);
    expect(wheel.size).toBe(0);
    await scheduler.idle();
  });

  it('forgets what was cancelled, and catches up after a pause longer than a round', async () => {
    const scheduler = new SimScheduler();
    const process = scheduler.createProcess();
    const wheel = new DeadlineWheel(process.clock, process.scheduler);
    const seen: string[] = [];
    const cancelled = wheel.after(100, () => seen.push('cancelled'));
    wheel.after(200, () => seen.push('short'));
    wheel.after(15_000, () => seen.push('long'));
    cancelled.cancel();
    cancelled.cancel();
    process.pause();
    await scheduler.runFor(30_000);
    process.resume();
    await scheduler.runFor(100);
    expect(seen.sort()).toEqual(['long', 'short']);
    expect(wheel.size).toBe(0);
  });
});

describe('the timer of the deadline wheel', () => {
  it('is set once for a wait that is far away, and anew for one that is nearer', async () => {
    let timers = 0;
    const scheduler = new SimScheduler();
    const wheel = new DeadlineWheel(scheduler.clock, {
      nextTurn: (callback) => scheduler.nextTurn(callback),
      after: (delayMs, callback, options) => {
        timers++;
        return scheduler.after(delayMs, callback, options);
      },
    });
    const expired: number[] = [];
    wheel.after(9_000, () => expired.push(Math.round(scheduler.nowMs)));
    await scheduler.run(1_005);
    wheel.after(9_500, () => expired.push(Math.round(scheduler.nowMs)));
    wheel.after(500, () => expired.push(Math.round(scheduler.nowMs)));
    await scheduler.run(20_000);
    expect(expired).toEqual([1_510, 9_000, 10_510]);
    expect(timers).toBe(4);
  });
});

describe('a byte budget', () => {
  it('refuses what it has no room for, with the thing, the value and the limit', () => {
    const budget = new ByteBudget('produce', 100);
    budget.take(80);
    expect(() => budget.take(21)).toThrow(
      expect.objectContaining({ reason: 'MEMORY_BUDGET_EXHAUSTED', facts: expect.objectContaining({ limit: '100' }) as object }),
    );
    budget.give(80);
    expect(budget.usedBytes).toBe(0);
  });

  it('grants more than all of it to one who is alone', () => {
    const budget = new ByteBudget('fetch', 100);
    expect(budget.tryTake(500)).toBe(true);
    expect(budget.tryTake(1)).toBe(false);
  });

  it('calls those who wait when something is given back', () => {
    const budget = new ByteBudget('fetch', 100);
    budget.take(100);
    let called = 0;
    const retry = (): void => {
      called += 1;
    };
    // A stream that asks at each message waits once.
    budget.whenFreed(retry);
    budget.whenFreed(retry);
    budget.give(50);
    budget.give(50);
    expect(called).toBe(1);
  });
});

describe("a class's share of a turn", () => {
  it('lets those who wait go on in order, a bounded amount in each turn', async () => {
    const scheduler = new SimScheduler();
    const share = new TurnShare(scheduler, 100);
    const order: number[] = [];
    for (let at = 0; at < 5; at += 1) {
      share.whenNextTurn(() => {
        order.push(at);
        share.spend(60);
      });
    }
    share.spend(100);
    expect(share.left).toBe(false);
    await scheduler.idle();
    expect(order).toEqual([0, 1, 2, 3, 4]);
    expect(share.left).toBe(true);
  });
});

describe('limits on what is under way', () => {
  it('count per connection and in all', async () => {
    const limit = new ConcurrencyLimit('requests', { perPeer: 2, perServer: 3 });
    limit.enter('a');
    limit.enter('a');
    expect(() => limit.enter('a')).toThrow(expect.objectContaining({ reason: 'TOO_MANY_STREAMS' }));
    limit.enter('b');
    expect(() => limit.enter('c')).toThrow(expect.objectContaining({ reason: 'TOO_MANY_STREAMS' }));
    for (const peer of ['a', 'a', 'b']) limit.leave(peer);
    await limit.idle();
    expect(limit.total).toBe(0);
  });

  it('let only so many pieces of work run at once, also when one fails', async () => {
    const slots = new Slots(2);
    let running = 0;
    let most = 0;
    const work = async (): Promise<void> => {
      running += 1;
      most = Math.max(most, running);
      await Promise.resolve();
      running -= 1;
      throw new Error('failed');
    };
    await Promise.allSettled([1, 2, 3, 4, 5].map(() => slots.run(work)));
    expect(most).toBe(2);
    expect(running).toBe(0);
  });
});
