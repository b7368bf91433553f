import { AssertionError } from '@moldau/kernel';
import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../random/seeded-random.ts';
import { SIM_EPOCH_MS } from './sim-clock.ts';
import { SimScheduler } from './sim-scheduler.ts';

describe('SimScheduler', () => {
  it('runs callbacks in order of time, and of one moment in order of creation', async () => {
    const scheduler = new SimScheduler();
    const log: string[] = [];
    scheduler.after(20, () => log.push(`b ${scheduler.nowMs}`));
    scheduler.after(10, () => log.push(`a ${scheduler.nowMs}`));
    scheduler.after(20, () => log.push('c'));
    scheduler.nextTurn(() => log.push('now'));
    await scheduler.idle();
    expect(log).toEqual(['now', 'a 10', 'b 20', 'c']);
  });

  it('lets asynchronous code go as far as it can before the next event', async () => {
    const scheduler = new SimScheduler();
    const log: string[] = [];
    const code = async (): Promise<void> => {
      for (let step = 0; step < 500; step++) await Promise.resolve();
      log.push('code');
    };
    scheduler.nextTurn(() => void code());
    scheduler.nextTurn(() => log.push('event'));
    await scheduler.idle();
    expect(log).toEqual(['code', 'event']);
  });

  it('ends a run at its moment, and keeps what comes later', async () => {
    const scheduler = new SimScheduler();
    const log: number[] = [];
    for (const delayMs of [5, 10, 15]) scheduler.after(delayMs, () => log.push(delayMs));
    await scheduler.run(10);
    expect([log, scheduler.nowMs]).toEqual([[5, 10], 10]);
    await scheduler.runFor(2);
    expect(scheduler.nowMs).toBe(12);
    await scheduler.idle();
    expect(log).toEqual([5, 10, 15]);
  });

  it('is idle with background timers left, and runs no cancelled one', async () => {
    const scheduler = new SimScheduler();
    let ran = 0;
    const again = (): void => {
      ran++;
      scheduler.after(1, again, { background: true });
    };
    scheduler.after(1, again, { background: true });
    const timer = scheduler.after(5, () => {
      ran = -1000;
    });
    scheduler.after(3, () => {});
    timer.cancel();
    timer.cancel();
    await scheduler.idle();
    expect([ran, scheduler.nowMs]).toEqual([2, 3]);
  });

  it('chooses between processes by its seed, and keeps each one in order', async () => {
    const run = async (seed: number): Promise<string> => {
      const scheduler = new SimScheduler({ random: new SeededRandom(seed) });
      let log = '';
      for (const name of ['a', 'b', 'c']) {
        const process = scheduler.createProcess();
        for (let turn = 0; turn < 5; turn++) process.scheduler.nextTurn(() => (log += name + String(turn)));
      }
      await scheduler.idle();
      return log;
    };
    expect(await run(1)).toBe(await run(1));
    const runs = await Promise.all([1, 2, 3, 4].map(run));
    expect(new Set(runs).size).toBeGreaterThan(1);
    for (const log of runs) expect(log.replace(/[bc]\d/g, '')).toBe('a0a1a2a3a4');
  });

  it('holds the callbacks of a paused process and drops those of a stopped one', async () => {
    const scheduler = new SimScheduler();
    const log: string[] = [];
    const paused = scheduler.createProcess();
    const stopped = scheduler.createProcess();
    paused.scheduler.after(1, () => log.push(`paused ${scheduler.nowMs}`));
    stopped.scheduler.after(1, () => log.push('stopped'));
    paused.pause();
    stopped.stop();
    stopped.scheduler.nextTurn(() => log.push('stopped'));
    await scheduler.run(10);
    expect(log).toEqual([]);
    paused.resume();
    await scheduler.idle();
    expect(log).toEqual(['paused 10']);
  });

  it('drives a promise to its end, and says when nothing can', async () => {
    const scheduler = new SimScheduler();
    const promise = new Promise<string>((resolve) => scheduler.after(1000, () => resolve('done')));
    expect(await scheduler.until(promise)).toBe('done');
    await expect(scheduler.until(new Promise(() => {}))).rejects.toBeInstanceOf(AssertionError);
    await expect(scheduler.until(Promise.reject(new Error('its own')))).rejects.toThrow('its own');
  });

  it('stops an endless loop', async () => {
    const scheduler = new SimScheduler({ eventsMax: 100 });
    const again = (): void => scheduler.nextTurn(again);
    again();
    await expect(scheduler.idle()).rejects.toBeInstanceOf(AssertionError);
  });
});

describe('SimClock', () => {
  it('runs with virtual time; only the wall clock is wrong or jumps', async () => {
    const scheduler = new SimScheduler();
    await scheduler.run(100);
    const { clock } = scheduler.createProcess({ wallOffsetMs: -30 });
    await scheduler.run(250);
    expect([clock.monotonicMs(), clock.wallMs()]).toEqual([150, SIM_EPOCH_MS + 220]);
    clock.jumpWall(-3_600_000);
    expect([clock.monotonicMs(), clock.wallMs()]).toEqual([150, SIM_EPOCH_MS + 220 - 3_600_000]);
  });
});
