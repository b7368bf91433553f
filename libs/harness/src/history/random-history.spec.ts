import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AnomalyName } from './anomaly.ts';
import { checkOps } from './check-ops.ts';
import type { DataOp, MicroOp, Op, PolledRecord } from './op.ts';

const KEYS = ['a-0', 'a-1'];
const PRODUCERS = ['p', 'q'];
const CONSUMERS = ['c', 'd'];

/** One thing that happens to a correct log. */
type Step =
  | { readonly does: 'send'; readonly who: number; readonly key: number; readonly outcome: 'ok' | 'lost-answer' | 'never-came' | 'fail' }
  | { readonly does: 'poll'; readonly who: number; readonly key: number; readonly count: number }
  | { readonly does: 'assign'; readonly who: number; readonly from: 'beginning' | 'kept' };

const who = fc.nat(1);
const key = fc.nat(1);
const outcome = fc.constantFrom('ok', 'ok', 'ok', 'lost-answer', 'never-came', 'fail');
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ does: fc.constant('send'), who, key, outcome }) },
  { weight: 3, arbitrary: fc.record({ does: fc.constant('poll'), who, key, count: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('assign'), who, from: fc.constantFrom('beginning', 'kept') }) },
);

type SendMicro = readonly ['send', key: string, value: number, offset: number | null];

function data(process: string, type: DataOp['type'], value: readonly MicroOp[], f: DataOp['f'] = 'send'): Op {
  return { time: 0, process, f, type, value };
}

/** The history of clients of logs that lose nothing; every two offsets a gap, as markers of transactions leave. */
function historyOf(steps: readonly Step[]): Op[] {
  const ops: Op[] = CONSUMERS.map((process) => ({ time: 0, process, f: 'assign', type: 'ok', keys: KEYS, from: 'beginning' }));
  const logs = KEYS.map((): PolledRecord[] => []);
  const positions = new Map<string, number>();
  let value = 0;
  for (const each of steps) {
    if (each.does === 'send') {
      value += 1;
      ops.push(...sendTo(logs[each.key]!, KEYS[each.key]!, value, each));
    } else if (each.does === 'assign') {
      const process = CONSUMERS[each.who]!;
      ops.push({ time: 0, process, f: 'assign', type: 'ok', keys: KEYS, from: each.from });
      if (each.from === 'beginning') for (const of of KEYS) positions.delete(`${process} ${of}`);
    } else ops.push(pollFrom(logs[each.key]!, each, positions));
  }
  ops.push({ time: 0, process: 'final', f: 'assign', type: 'ok', keys: KEYS, from: 'beginning', final: true });
  ops.push(...KEYS.map((of, index) => data('final', 'ok', [['poll', of, [...logs[index]!]]], 'poll')));
  return ops;
}

function sendTo(
  log: PolledRecord[],
  of: string,
  value: number,
  { who: index, outcome: what }: Step & { readonly does: 'send' },
): readonly Op[] {
  const process = PRODUCERS[index]!;
  const offset = log.length + Math.floor(log.length / 2);
  if (what === 'ok' || what === 'lost-answer') log.push([offset, value]);
  const begun = data(process, 'invoke', [['send', of, value, null]]);
  if (what === 'never-came') return [begun];
  const type = what === 'lost-answer' ? 'info' : what;
  return [begun, data(process, type, [['send', of, value, what === 'ok' ? offset : null]])];
}

function pollFrom(log: readonly PolledRecord[], poll: Step & { readonly does: 'poll' }, positions: Map<string, number>): Op {
  const process = CONSUMERS[poll.who]!;
  const lane = `${process} ${KEYS[poll.key]}`;
  const from = positions.get(lane) ?? 0;
  const records = log.slice(from, from + poll.count);
  positions.set(lane, from + records.length);
  return data(process, 'ok', [['poll', KEYS[poll.key]!, records]], 'poll');
}

/** Long enough that there is something to break in most. */
const histories = fc.array(step, { minLength: 15, maxLength: 120 }).map(historyOf);

function namesIn(ops: readonly Op[]): readonly AnomalyName[] {
  return [...checkOps(ops).counts.keys()];
}

/** Breaks a history, at a place that the dice choose; undefined where there is nothing to break. */
type Mutation = (ops: readonly Op[], dice: number) => readonly Op[] | undefined;

/** Where a poll has more than one record, or at least one. */
function polls(ops: readonly Op[], recordsMin: number, process?: string): readonly number[] {
  return [...ops.keys()].filter((index) => {
    const op = ops[index]!;
    return op.f === 'poll' && (process === undefined || op.process === process) && recordsOf(op).length >= recordsMin;
  });
}

function recordsOf(op: Op): readonly PolledRecord[] {
  const micro = op.f === 'poll' ? op.value[0] : undefined;
  return micro?.[0] === 'poll' ? micro[2] : [];
}

function withRecords(
  ops: readonly Op[],
  index: number,
  change: (records: readonly PolledRecord[]) => readonly PolledRecord[],
): readonly Op[] {
  const op = ops[index] as DataOp;
  return ops.with(index, { ...op, value: [['poll', op.value[0]![1], change(recordsOf(op))]] });
}

/** Changes the records of one poll. */
function inPoll(
  { recordsMin, process }: { readonly recordsMin: number; readonly process?: string },
  change: (records: readonly PolledRecord[], dice: number) => readonly PolledRecord[],
): Mutation {
  return (ops, dice) => {
    const places = polls(ops, recordsMin, process);
    return places.length === 0
      ? undefined
      : withRecords(ops, places[dice % places.length]!, (records) => change(records, Math.floor(dice / places.length)));
  };
}

function acknowledged(ops: readonly Op[]): readonly number[] {
  return [...ops.keys()].filter((index) => ops[index]!.f === 'send' && ops[index]!.type === 'ok');
}

function valueSentAt(ops: readonly Op[], index: number): number {
  return (ops[index] as DataOp).value[0]![2] as number;
}

/** Nobody reads one value that was acknowledged. */
function forget(ops: readonly Op[], dice: number): readonly Op[] | undefined {
  const places = acknowledged(ops);
  if (places.length === 0) return undefined;
  const gone = valueSentAt(ops, places[dice % places.length]!);
  const withoutIt = (op: Op): Op =>
    op.f === 'poll' ? withRecords([op], 0, (records) => records.filter(([, value]) => value !== gone))[0]! : op;
  return ops.map(withoutIt);
}

/** A send that was acknowledged is said to have failed. */
function deny(ops: readonly Op[], dice: number): readonly Op[] | undefined {
  const places = acknowledged(ops);
  if (places.length === 0) return undefined;
  const index = places[dice % places.length]!;
  return ops.with(index, { ...(ops[index] as DataOp), type: 'fail' });
}

/** Two values of one producer change places, in what everybody says. */
function exchange(ops: readonly Op[], dice: number): readonly Op[] | undefined {
  const lanes = Map.groupBy(acknowledged(ops), (index) => `${ops[index]!.process} ${(ops[index] as DataOp).value[0]![1]}`);
  const lane = [...lanes.values()].find(({ length }) => length > 1);
  if (lane === undefined) return undefined;
  const at = dice % (lane.length - 1);
  const [one, other] = [valueSentAt(ops, lane[at]!), valueSentAt(ops, lane[at + 1]!)];
  const swap = (value: number | string): number | string => (value === one ? other : value === other ? one : value);
  const offsets = new Map(lane.slice(at, at + 2).map((index) => [valueSentAt(ops, index), (ops[index] as DataOp).value[0]![3] as number]));
  return ops.map((op) => {
    if (op.f === 'poll') return withRecords([op], 0, (records) => records.map(([offset, value]) => [offset, swap(value)] as const))[0]!;
    if (op.f !== 'send' || op.type !== 'ok') return op;
    const [name, of, value, offset] = op.value[0] as SendMicro;
    return { ...op, value: [[name, of, value, offsets.get(swap(value) as number) ?? offset]] };
  });
}

/** The final reader sees a value that was acknowledged in the place of the next, and the next in its. */
function misplace(ops: readonly Op[], dice: number): readonly Op[] | undefined {
  const known = new Set<number | string>(acknowledged(ops).map((index) => valueSentAt(ops, index)));
  const places = polls(ops, 2, 'final').filter((index) => known.has(recordsOf(ops[index]!)[0]![1]));
  if (places.length === 0) return undefined;
  return withRecords(ops, places[dice % places.length]!, (records) => {
    const [first, second, ...rest] = records as [PolledRecord, PolledRecord, ...PolledRecord[]];
    return [[first[0], second[1]], [second[0], first[1]], ...rest];
  });
}

const MUTATIONS: Readonly<Record<string, { readonly mutate: Mutation; readonly found: readonly AnomalyName[] }>> = {
  'a value that was acknowledged and nobody reads': { mutate: forget, found: ['lost-write', 'unseen'] },
  'a send that was acknowledged and is said to have failed': { mutate: deny, found: ['G1a'] },
  'two values of one producer that lie in the other order': { mutate: exchange, found: ['nonmonotonic-send'] },
  'a value that is read again behind the end': {
    mutate: inPoll({ recordsMin: 1, process: 'final' }, (records) => [...records, [100_000, records[0]![1]]]),
    found: ['duplicate'],
  },
  'two values that one reader saw in each other’s place': { mutate: misplace, found: ['inconsistent-offsets'] },
  'a poll in the wrong order': {
    mutate: inPoll({ recordsMin: 2 }, (records) => records.toReversed()),
    found: ['int-nonmonotonic-poll'],
  },
  'a value that the final read leaves out': {
    // Another may have been the only one to read it: then it is lost.
    mutate: inPoll({ recordsMin: 1, process: 'final' }, (records, dice) => records.toSpliced(dice % records.length, 1)),
    found: ['int-poll-skip', 'poll-skip', 'lost-write', 'unseen'],
  },
  'a final read that ends early': {
    mutate: inPoll({ recordsMin: 1, process: 'final' }, (records) => records.slice(0, -1)),
    found: ['unseen'],
  },
  'a poll that comes twice': {
    mutate: (ops, dice) => {
      const places = polls(ops, 1);
      const index = places[dice % Math.max(1, places.length)];
      return index === undefined ? undefined : ops.toSpliced(index, 0, ops[index]!);
    },
    found: ['nonmonotonic-poll'],
  },
  'altered bytes': {
    mutate: inPoll({ recordsMin: 1 }, (records) => records.with(0, [records[0]![0], records[0]![1], 'altered'])),
    found: ['altered'],
  },
  'a value that nobody sent': {
    mutate: inPoll({ recordsMin: 1 }, (records) => [...records, [100_000, 999_999]]),
    found: ['phantom'],
  },
};

describe('of random histories', () => {
  it('the checker finds nothing wrong with those of correct logs', () => {
    fc.assert(
      fc.property(histories, (ops) => {
        expect(namesIn(ops)).toEqual([]);
      }),
    );
  });

  it.each(Object.entries(MUTATIONS))('with %s the checker finds that', (_, { mutate, found }) => {
    let mutated = 0;
    fc.assert(
      fc.property(histories, fc.nat(), (ops, dice) => {
        const bad = mutate(ops, dice);
        if (bad === undefined) return;
        // A value without an answer that only this reader saw may as well never have come.
        if (found.includes('unseen') && isUnknownOnlyReadHere(ops, bad)) return;
        mutated += 1;
        expect(namesIn(bad).some((name) => found.includes(name))).toBe(true);
      }),
    );
    expect(mutated).toBeGreaterThan(20);
  });
});

/** Whether the values that the second lacks have no answer, and are in no other poll of it. */
function isUnknownOnlyReadHere(before: readonly Op[], after: readonly Op[]): boolean {
  const left = new Set(after.flatMap((op) => recordsOf(op).map(([, value]) => value)));
  const gone = before.flatMap((op) => recordsOf(op).map(([, value]) => value)).filter((value) => !left.has(value));
  const answered = new Set(acknowledged(before).map((index) => valueSentAt(before, index)));
  return gone.length > 0 && gone.every((value) => !answered.has(value as number));
}
