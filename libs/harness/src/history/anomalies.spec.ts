import { describe, expect, it } from 'vitest';
import { ANOMALY_NAMES, type AnomalyName } from './anomaly.ts';
import { checkOps } from './check-ops.ts';
import type { AssignOp, DataOp, MicroOp, Op, OpType, PolledRecord } from './op.ts';

const KEY = 'log-0';

function data(process: string, type: OpType, value: readonly MicroOp[], f: DataOp['f'] = 'send'): Op {
  return { time: 0, process, f, type, value };
}

/** A send from its invocation to its answer. */
function sent(process: string, value: number, offset: number | null, type: OpType = 'ok'): readonly Op[] {
  return [data(process, 'invoke', [['send', KEY, value, null]]), data(process, type, [['send', KEY, value, offset]])];
}

/** Values 1 … count, sent by one producer and acknowledged at the offsets 0 … count−1. */
function sentInOrder(count: number): readonly Op[] {
  return Array.from({ length: count }, (_, offset) => sent('p', offset + 1, offset)).flat();
}

function assigned(process: string, from: AssignOp['from'], final = false): Op {
  return { time: 0, process, f: 'assign', type: 'ok', keys: [KEY], from, final };
}

function polled(process: string, ...records: readonly PolledRecord[]): Op {
  return data(process, 'ok', [['poll', KEY, records]], 'poll');
}

const ALL: readonly PolledRecord[] = [
  [0, 1],
  [1, 2],
  [2, 3],
];

/** One bad history for each anomaly, and what is to be found in it. */
const BAD: Readonly<Record<AnomalyName, readonly Op[]>> = {
  'lost-write': [...sentInOrder(3), polled('c', [0, 1], [2, 3])],
  unseen: [...sentInOrder(3), polled('c', [0, 1], [1, 2])],
  duplicate: [...sentInOrder(3), polled('c', ...ALL, [3, 2])],
  'inconsistent-offsets': [...sentInOrder(3), ...sent('q', 9, null, 'info'), polled('c', ...ALL), polled('d', [0, 1], [1, 9], [2, 3])],
  G1a: [...sentInOrder(3), ...sent('p', 4, null, 'fail'), polled('c', ...ALL, [3, 4])],
  'precommitted-read': [
    ...sentInOrder(3),
    polled('c', ...ALL),
    data('q', 'invoke', [['send', KEY, 4, null]], 'txn'),
    data(
      'q',
      'ok',
      [
        ['send', KEY, 4, 3],
        ['poll', KEY, [[3, 4]]],
      ],
      'txn',
    ),
  ],
  'int-poll-skip': [...sentInOrder(3), polled('c', ...ALL), polled('d', [0, 1], [2, 3])],
  'int-nonmonotonic-poll': [...sentInOrder(3), polled('c', ...ALL), polled('d', [0, 1], [0, 1])],
  'poll-skip': [...sentInOrder(3), polled('c', ...ALL), polled('d', [0, 1]), polled('d', [2, 3])],
  'nonmonotonic-poll': [...sentInOrder(3), polled('c', ...ALL), polled('d', ...ALL), polled('d', [1, 2])],
  'int-nonmonotonic-send': [
    data('p', 'ok', [
      ['send', KEY, 1, 1],
      ['send', KEY, 2, 0],
    ]),
    polled('c', [0, 2], [1, 1]),
  ],
  'int-send-skip': [
    ...sent('q', 2, null, 'info'),
    data('p', 'ok', [
      ['send', KEY, 1, 0],
      ['send', KEY, 3, 2],
    ]),
    polled('c', ...ALL),
  ],
  'nonmonotonic-send': [
    // The second was under way before the first was answered: only their producer's promise is broken.
    data('p', 'invoke', [['send', KEY, 1, null]]),
    data('p', 'invoke', [['send', KEY, 2, null]]),
    data('p', 'ok', [['send', KEY, 1, 1]]),
    data('p', 'ok', [['send', KEY, 2, 0]]),
    polled('c', [0, 2], [1, 1]),
  ],
  'G0-realtime': [...sent('p', 1, 1), ...sent('q', 2, 0), polled('c', [0, 2], [1, 1])],
  altered: [...sentInOrder(3), polled('c', [0, 1], [1, 2, 'altered'], [2, 3])],
  phantom: [...sentInOrder(3), polled('c', ...ALL, [3, 77])],
};

function namesIn(ops: readonly Op[]): readonly AnomalyName[] {
  return [...checkOps(ops).counts.keys()];
}

describe('the checker', () => {
  it('finds nothing wrong with a history in which nothing is', () => {
    const ops = [
      ...sentInOrder(3),
      ...sent('q', 10, null, 'info'),
      ...sent('q', 11, null, 'fail'),
      assigned('c', 'beginning'),
      polled('c', [0, 1]),
      assigned('c', 'kept'),
      polled('c', [1, 2], [2, 3]),
      assigned('c', 'anywhere'),
      polled('c', [2, 3]),
      { time: 1, process: 'nemesis', f: 'nemesis', type: 'info', fault: 'kill', phase: 'begin', targets: ['broker-1'] } as const,
      // It had not been acknowledged, and came all the same.
      assigned('final', 'beginning', true),
      polled('final', ...ALL, [3, 10]),
    ];
    const verdict = checkOps(ops);
    expect(verdict).toMatchObject({ valid: true, anomalies: [], sends: { ok: 3, fail: 1, info: 1 }, polled: 8, ops: ops.length });
  });

  it.each(ANOMALY_NAMES)('finds %s in a history where nothing else is wrong', (name) => {
    expect(namesIn(BAD[name])).toEqual([name]);
  });

  it('takes the same anomalies for none where they are allowed', () => {
    expect(checkOps(BAD['int-send-skip'])).toMatchObject({ valid: true, anomalies: [], allowed: [{ name: 'int-send-skip' }] });
    expect(checkOps(BAD['poll-skip']).valid).toBe(false);
    expect(checkOps(BAD['poll-skip'], { consumers: 'subscribe' }).valid).toBe(true);
    expect(checkOps(BAD['nonmonotonic-poll'], { consumers: 'subscribe' }).valid).toBe(true);
    expect(checkOps(BAD['int-nonmonotonic-poll'], { consumers: 'subscribe' }).valid).toBe(false);
  });

  it('holds a final read to what anyone has read before, also at the end', () => {
    const end = [...sentInOrder(2), ...sent('q', 9, null, 'info'), polled('c', [0, 1], [1, 2], [2, 9]), assigned('f', 'beginning', true)];
    expect(namesIn([...end, polled('f', [0, 1], [1, 2], [2, 9])])).toEqual([]);
    expect(namesIn([...end, polled('f', [0, 1], [1, 2])])).toEqual(['unseen']);
    expect(namesIn([...end, polled('f', [1, 2], [2, 9])])).toEqual(['poll-skip']);
    expect(namesIn(end)).toEqual(['unseen']);
  });

  it('finds a value that was acknowledged at an offset where another was, whether it was read or not', () => {
    const doubly = [...sentInOrder(1), ...sent('q', 9, 0)];
    expect(namesIn([...doubly, polled('c', [0, 1])])).toEqual(['inconsistent-offsets', 'lost-write']);
    expect(namesIn(doubly)).toEqual(['unseen', 'inconsistent-offsets']);
    expect(namesIn([...sentInOrder(1), polled('c', [5, 1])])).toEqual(['inconsistent-offsets']);
  });

  it('keeps partitions apart', () => {
    const other = data('p', 'ok', [['send', 'log-1', 5, 0]]);
    expect(namesIn([...sentInOrder(1), other, polled('c', [0, 1]), data('c', 'ok', [['poll', 'log-1', [[0, 5]]]], 'poll')])).toEqual([]);
    expect(namesIn([...sentInOrder(1), other, polled('c', [0, 1], [1, 5])])).toEqual(['phantom', 'unseen']);
  });

  it('counts all, and keeps the first hundred of each name', () => {
    const verdict = checkOps(sentInOrder(250));
    expect(verdict.counts.get('unseen')).toBe(250);
    expect(verdict.anomalies).toHaveLength(100);
  });

  it('refuses what is no history', () => {
    expect(() => checkOps([...sentInOrder(1), ...sentInOrder(1)])).toThrow('sent twice');
    expect(() => checkOps([...sentInOrder(1), data('p', 'ok', [['send', KEY, 1, 0]])])).toThrow('completed twice');
  });
});
