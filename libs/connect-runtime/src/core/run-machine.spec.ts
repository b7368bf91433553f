import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RestartBudget } from './restart-budget.ts';
import { type RunEvent, type RunPhase, step } from './run-machine.ts';
import { isCurrent, StatusImage } from './run-status.ts';

const POLICY = { maxAttempts: 3, windowMs: 60_000, backoffMs: 1_000, backoffMaxMs: 5_000 };

describe('a run', () => {
  it('has at most one thread, whatever happens in whatever order', () => {
    const events: fc.Arbitrary<RunEvent> = fc.oneof(
      fc.constantFrom<RunEvent>({ t: 'start' }, { t: 'started' }, { t: 'paused' }, { t: 'resumed' }, { t: 'restart-due' }, { t: 'end' }),
      fc.record({ t: fc.constant('exited' as const), cause: fc.constant('x'), nowMs: fc.nat(100_000), fraction: fc.constant(0.5) }),
    );
    fc.assert(
      fc.property(fc.array(events, { maxLength: 60 }), (list) => {
        const budget = new RestartBudget(POLICY);
        let phase: RunPhase = { t: 'idle' };
        let threads = 0;
        for (const event of list) {
          // A thread that is not there can't end.
          if (event.t === 'exited') {
            if (threads === 0) continue;
            threads -= 1;
          }
          const [next, effects] = step(phase, event, budget);
          phase = next;
          threads += effects.filter(({ t }) => t === 'spawn').length;
          expect(threads).toBeLessThanOrEqual(1);
          expect(threads === 1).toBe(['starting', 'working', 'paused', 'ending'].includes(phase.t));
        }
      }),
      { numRuns: 300 },
    );
  });

  it('is started again later and later, and given up when its restarts are used up', () => {
    const budget = new RestartBudget(POLICY);
    const verdicts = [0, 2_000, 5_000, 10_000].map((nowMs) => budget.failed(nowMs, 0));
    expect(verdicts).toEqual([
      { t: 'restart', attempt: 1, delayMs: 500 },
      { t: 'restart', attempt: 2, delayMs: 1_000 },
      { t: 'restart', attempt: 3, delayMs: 2_000 },
      { t: 'give-up', attempts: 3 },
    ]);
  });

  it('that lived for a window has all its restarts again', () => {
    const budget = new RestartBudget(POLICY);
    for (const nowMs of [0, 1, 2]) budget.failed(nowMs, 0);
    expect(budget.failed(60_002, 0)).toEqual({ t: 'restart', attempt: 1, delayMs: 500 });
  });
});

describe('the status of a run', () => {
  const status = { state: 'RUNNING', workerId: 'w', sinceMs: 1, revision: 5, epoch: 7 } as const;

  it('of an earlier life does not count', () => {
    expect(isCurrent(status, { revision: 5, epoch: 6 })).toBe(false);
    expect(isCurrent(status, { revision: 4, epoch: 9 })).toBe(false);
    expect(isCurrent(status, { revision: 5, epoch: 7 })).toBe(true);
    expect(isCurrent(status, { revision: 6, epoch: 0 })).toBe(true);
  });

  it('that is no status is passed over', () => {
    const image = new StatusImage();
    expect(image.apply('task/a/0', '{"version":9}')).toBe(false);
    expect(image.apply('task/a/0', 'rubbish')).toBe(false);
    expect(image.apply('other', '{}')).toBe(false);
    expect(image.find({ connector: 'a', task: 0 })).toBeUndefined();
  });
});
