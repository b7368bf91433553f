import { createRecorder, type Op } from '@moldau/harness';
import { SeededRandom } from '@moldau/testkit';
import { expect, it } from 'vitest';
import { type Fault, together } from './fault.ts';
import { planSchedule, runSchedule } from './schedule.ts';

const OPTIONS = { kinds: ['kill', 'pause', 'none'], count: 20, quietMs: { min: 10, max: 20 }, faultMs: { min: 100, max: 200 } } as const;

function noting(name: string, deeds: string[]): Fault {
  return {
    name,
    targets: [`of ${name}`],
    begin: async () => void deeds.push(`begin ${name}`),
    end: async () => void deeds.push(`end ${name}`),
  };
}

it('a schedule follows from its seed, within its limits', () => {
  const schedule = planSchedule(new SeededRandom(7), OPTIONS);
  expect(planSchedule(new SeededRandom(7), OPTIONS)).toEqual(schedule);
  expect(planSchedule(new SeededRandom(8), OPTIONS)).not.toEqual(schedule);
  expect(schedule).toHaveLength(20);
  for (const { afterMs, lastsMs } of schedule) {
    expect(afterMs).toBeGreaterThanOrEqual(10);
    expect(afterMs).toBeLessThanOrEqual(20);
    expect(lastsMs).toBeGreaterThanOrEqual(100);
    expect(lastsMs).toBeLessThanOrEqual(200);
  }
  expect(new Set(schedule.map(({ kind }) => kind))).toEqual(new Set(OPTIONS.kinds));
});

it('a schedule that runs has each fault begun, ended and in the history, also when one fails', async () => {
  const [ops, deeds]: [Op[], string[]] = [[], []];
  const recorder = createRecorder({ record: (op) => void ops.push(op) });
  const schedule = [
    { kind: 'a', afterMs: 1, lastsMs: 2 },
    { kind: 'b', afterMs: 3, lastsMs: 4 },
  ];
  const sleep = async (ms: number): Promise<void> => {
    deeds.push(`sleep ${ms}`);
    if (ms === 4) throw new Error('interrupted');
  };
  const create = (kind: string): Fault => together(noting(kind, deeds), noting('other', deeds));
  await expect(runSchedule(schedule, create, { recorder, sleep })).rejects.toThrow('interrupted');
  const first = ['sleep 1', 'begin a', 'begin other', 'sleep 2', 'end other', 'end a'];
  expect(deeds).toEqual([...first, 'sleep 3', 'begin b', 'begin other', 'sleep 4', 'end other', 'end b']);
  expect(ops.map((op) => op.f === 'nemesis' && `${op.phase} ${op.fault} ${op.targets.join()}`)).toEqual([
    'begin a+other of a,of other',
    'end a+other of a,of other',
    'begin b+other of b,of other',
    'end b+other of b,of other',
  ]);
});
