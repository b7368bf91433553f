import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AssignableTask, assignTasks, type TaskCandidate, type TaskInput, type TaskShare } from './assign-tasks.ts';

type Shares = ReadonlyMap<string, TaskShare>;
const RUNS = 150;

function place(input: TaskInput): Shares {
  const steps = assignTasks(input);
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

const tasksOf = (parts: readonly { readonly count: number; readonly stateful: boolean }[]): AssignableTask[] =>
  parts.flatMap(({ count, stateful }, part) => Array.from({ length: count }, (_, at) => ({ id: `${part}_${at}`, part, stateful })));

const fresh = (memberId: string, processId = memberId): TaskCandidate => ({
  ...{ memberId, processId, rack: undefined, active: new Set<string>(), following: new Set<string>(), lags: new Map<string, number>() },
});

const limitsOf = fc.record({ standbys: fc.nat({ max: 2 }), acceptableLag: fc.constant(100), warmups: fc.integer({ min: 1, max: 3 }) });
const partsOf = fc.array(fc.record({ count: fc.integer({ min: 1, max: 9 }), stateful: fc.boolean() }), { minLength: 1, maxLength: 3 });

/** Any members with any history: no task has two owners, and states lack anything between nothing and much. */
const anyInput: fc.Arbitrary<TaskInput> = fc
  .record({ parts: partsOf, limits: limitsOf, processes: fc.array(fc.nat({ max: 4 }), { minLength: 1, maxLength: 7 }), seed: fc.gen() })
  .map(({ parts, limits, processes, seed }) => {
    const tasks = tasksOf(parts);
    const owners = tasks.map(() => seed(fc.nat, { max: processes.length }));
    const members = processes.map((process, at): TaskCandidate => {
      const chosen = (): Set<string> => new Set(tasks.flatMap(({ id }) => (seed(fc.nat, { max: 3 }) === 0 ? [id] : [])));
      const lags = new Map([...chosen()].map((id) => [id, seed(fc.nat, { max: 300 })] as const));
      const active = new Set(tasks.flatMap(({ id }, index) => (owners[index] === at ? [id] : [])));
      return { ...fresh(`m${at}`, `p${process}`), rack: `r${process % 2}`, active, following: chosen(), lags };
    });
    return { members, tasks, limits };
  });

/** Members as they are once they have done what they were told, with all state up to date. */
function settled(members: readonly TaskCandidate[], shares: Shares): TaskCandidate[] {
  return members.map((member) => {
    const share = shares.get(member.memberId);
    const ids = [...(share?.active ?? []), ...(share?.following ?? [])];
    return { ...member, active: new Set(share?.active), following: new Set(share?.following), lags: new Map(ids.map((id) => [id, 0])) };
  });
}

function ownerOf(shares: Shares, id: string): string {
  const owners = [...shares].flatMap(([memberId, { active }]) => active.filter((each) => each === id).map(() => memberId));
  expect(owners, id).toHaveLength(1);
  return owners[0] ?? '';
}

/** What a member of its process has, a member has. */
function isReady(members: readonly TaskCandidate[], { processId }: TaskCandidate, task: AssignableTask, limit: number): boolean {
  const lags = members.filter((each) => each.processId === processId).map(({ lags }) => lags.get(task.id) ?? Number.POSITIVE_INFINITY);
  return !task.stateful || Math.min(...lags) <= limit;
}

function until(input: TaskInput, rounds: number): { readonly members: readonly TaskCandidate[]; readonly shares: Shares } {
  let { members } = input;
  let shares = place(input);
  for (let round = 0; round < rounds; round++) {
    members = settled(members, shares);
    shares = place({ ...input, members });
  }
  return { members, shares };
}

describe('the placement of tasks', () => {
  it('gives every task exactly one owner, whatever the history', () => {
    fc.assert(
      fc.property(anyInput, (input) => {
        const shares = place(input);
        for (const { id } of input.tasks) ownerOf(shares, id);
        const given = [...shares.values()].reduce((sum, { active }) => sum + active.length, 0);
        expect(given).toBe(input.tasks.length);
      }),
      { numRuns: RUNS },
    );
  });

  it('takes a task from an owner that is there only for a member that is ready, or of the same process', () => {
    fc.assert(
      fc.property(anyInput, (input) => {
        const shares = place(input);
        for (const task of input.tasks) {
          const before = input.members.find(({ active }) => active.has(task.id));
          const now = input.members.find(({ memberId }) => memberId === ownerOf(shares, task.id));
          if (before === undefined || now === undefined || before === now) continue;
          expect(before.processId === now.processId || isReady(input.members, now, task, input.limits.acceptableLag)).toBe(true);
        }
      }),
      { numRuns: RUNS },
    );
  });

  it('gives a task that nobody runs to a member that is ready, if there is one', () => {
    fc.assert(
      fc.property(anyInput, (input) => {
        const shares = place(input);
        for (const task of input.tasks) {
          if (!task.stateful || input.members.some(({ active }) => active.has(task.id))) continue;
          const ready = input.members.filter((member) => isReady(input.members, member, task, input.limits.acceptableLag));
          if (ready.length > 0) expect(ready.map(({ memberId }) => memberId)).toContain(ownerOf(shares, task.id));
        }
      }),
      { numRuns: RUNS },
    );
  });

  it('keeps no copy in the process of the task, nor two in one, and no more warm-ups than allowed', () => {
    fc.assert(
      fc.property(anyInput, (input) => {
        const shares = place(input);
        const process = (memberId: string): string => input.members.find((each) => each.memberId === memberId)?.processId ?? '';
        const processes = new Set(input.members.map(({ processId }) => processId)).size;
        let extra = 0;
        for (const { id, stateful } of input.tasks) {
          const owner = ownerOf(shares, id);
          // Whoever takes a task over follows it until it has it: that is no copy.
          const copies = [...shares].filter(([memberId, { following }]) => memberId !== owner && following.includes(id));
          const places = copies.map(([memberId]) => process(memberId));
          expect(places).not.toContain(process(owner));
          expect(new Set(places).size).toBe(places.length);
          const wanted = stateful ? Math.min(input.limits.standbys, processes - 1) : 0;
          expect(copies.length).toBeGreaterThanOrEqual(wanted);
          extra += copies.length - wanted;
        }
        expect(extra).toBeLessThanOrEqual(input.limits.warmups);
      }),
      { numRuns: RUNS },
    );
  });

  it('gives the same answer in whatever order the members come', () => {
    fc.assert(
      fc.property(anyInput, (input) => {
        const turned = place({ ...input, members: [...input.members].reverse() });
        expect([...turned].sort()).toEqual([...place(input)].sort());
      }),
      { numRuns: RUNS },
    );
  });

  it('becomes even as states catch up, and then moves nothing', () => {
    fc.assert(
      fc.property(anyInput, (input) => {
        const { members, shares } = until(input, input.tasks.length + 2);
        const loads = [...shares.values()].map(({ active }) => active.length);
        expect(Math.max(...loads) - Math.min(...loads)).toBeLessThanOrEqual(1);
        expect(place({ ...input, members: settled(members, shares) })).toEqual(shares);
      }),
      { numRuns: RUNS },
    );
  });

  it('gives the tasks of a member that dies to their standbys, and moves no more between the others than evenness asks for', () => {
    fc.assert(
      fc.property(fc.integer({ min: 3, max: 6 }), fc.integer({ min: 1, max: 24 }), fc.nat({ max: 5 }), (count, size, dying) => {
        const members = Array.from({ length: count }, (_, at) => fresh(`m${at}`));
        const tasks = tasksOf([{ count: size, stateful: true }]);
        const limits = { standbys: 1, acceptableLag: 100, warmups: 2 };
        const steady = until({ members, tasks, limits }, 3);
        const gone = `m${dying % count}`;
        const left = settled(steady.members, steady.shares).filter(({ memberId }) => memberId !== gone);
        const after = place({ members: left, tasks, limits });
        let [orphans, moved] = [0, 0];
        for (const { id } of tasks) {
          const before = ownerOf(steady.shares, id);
          const now = left.find(({ memberId }) => memberId === ownerOf(after, id));
          expect(now?.lags.has(id), `${id} goes where its state is`).toBe(true);
          if (before === gone) orphans++;
          else if (now?.memberId !== before) moved++;
        }
        expect(moved).toBeLessThanOrEqual(orphans);
      }),
      { numRuns: RUNS },
    );
  });

  it('warms a task up on a new member, and hands it over when that is ready', () => {
    const tasks = tasksOf([{ count: 4, stateful: true }]);
    const limits = { standbys: 0, acceptableLag: 100, warmups: 1 };
    const one = settled([fresh('m0')], place({ members: [fresh('m0')], tasks, limits }));
    const cold = [...one, fresh('m1')];
    const first = place({ members: cold, tasks, limits });
    expect(first.get('m0')?.active).toHaveLength(4);
    expect(first.get('m1')).toEqual({ active: [], following: ['0_0'] });
    // It has read some of it: still the same task.
    const warming = cold.map((each) =>
      each.memberId === 'm1' ? { ...each, following: new Set(['0_0']), lags: new Map([['0_0', 5_000]]) } : each,
    );
    expect(place({ members: warming, tasks, limits }).get('m1')).toEqual({ active: [], following: ['0_0'] });
    const warm = warming.map((each) => (each.memberId === 'm1' ? { ...each, lags: new Map([['0_0', 100]]) } : each));
    // It follows the one until it is given up, and the next is warmed up.
    expect(place({ members: warm, tasks, limits }).get('m1')).toEqual({ active: ['0_0'], following: ['0_0', '0_1'] });
  });

  it('spreads tasks without state at once, those of each part for themselves', () => {
    const tasks = tasksOf([
      { count: 4, stateful: false },
      { count: 4, stateful: false },
    ]);
    const limits = { standbys: 2, acceptableLag: 0, warmups: 1 };
    const shares = place({ members: [fresh('m0'), fresh('m1')], tasks, limits });
    for (const { active, following } of shares.values()) {
      expect(active.filter((id) => id.startsWith('0_'))).toHaveLength(2);
      expect(active).toHaveLength(4);
      expect(following).toEqual([]);
    }
  });
});
