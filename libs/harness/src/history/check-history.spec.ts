import { describe, expect, it } from 'vitest';
import type { AnomalyName } from './anomaly.ts';
import { checkHistory } from './check-history.ts';
import { createHistory, type History, type Read } from './history.ts';
import { identityOf, uniqueValue } from './unique-value.ts';

const SIZE = 60;

/** Three values of one producer, acknowledged at the offsets 0, 1 and 2. */
function threeSent(): { readonly history: History; readonly log: Read[] } {
  const history = createHistory();
  const log: Read[] = [];
  for (let sequence = 0; sequence < 3; sequence++) {
    const identity = { producer: 'p', sequence };
    history.begin(identity, 0, SIZE);
    history.settle(identity, { kind: 'ok', offset: sequence });
    log.push({ partition: 0, offset: sequence, value: uniqueValue(identity, SIZE) });
  }
  return { history, log };
}

function names(history: History, log: readonly Read[]): readonly AnomalyName[] {
  return checkHistory(history.sends(), log).map((anomaly) => anomaly.name);
}

describe('checkHistory', () => {
  it('finds nothing wrong with a log that holds what was acknowledged', () => {
    const { history, log } = threeSent();
    expect(names(history, log)).toEqual([]);
  });

  it('finds a lost and an unseen write', () => {
    const { history, log } = threeSent();
    expect(names(history, [log[0] as Read, log[2] as Read])).toEqual(['lost-write']);
    expect(names(history, log.slice(0, 2))).toEqual(['unseen']);
    const [unseen] = checkHistory(history.sends(), log.slice(0, 2));
    expect(unseen).toEqual({ name: 'unseen', partition: 0, offset: 2, value: 'p:2', detail: expect.stringContaining('is 1') as unknown });
  });

  it('finds a duplicate', () => {
    const { history, log } = threeSent();
    expect(names(history, [...log, { ...(log[0] as Read), offset: 3 }])).toEqual(['duplicate']);
  });

  it('finds a value at another offset than it was acknowledged at, and values out of order', () => {
    const { history, log } = threeSent();
    const swapped = [log[0] as Read, { ...(log[2] as Read), offset: 1 }, { ...(log[1] as Read), offset: 2 }];
    expect(names(history, swapped)).toEqual(['inconsistent-offsets', 'inconsistent-offsets', 'nonmonotonic-send']);
  });

  it('finds each altered byte, and a value that was cut', () => {
    const { history, log } = threeSent();
    for (let at = 4; at < SIZE; at++) {
      const value = Uint8Array.from((log[1] as Read).value ?? []);
      value[at] = (value[at] ?? 0) ^ 1;
      expect(names(history, [log[0] as Read, { ...(log[1] as Read), value }, log[2] as Read])).toEqual(['altered']);
    }
    const cut = (log[1] as Read).value?.subarray(0, SIZE - 5) ?? null;
    expect(names(history, [log[0] as Read, { ...(log[1] as Read), value: cut }, log[2] as Read])).toEqual(['altered']);
  });

  it('finds values that nobody sent or whose send surely failed, and takes those of unknown outcome either way', () => {
    const { history, log } = threeSent();
    for (const [sequence, kind] of [
      [3, 'fail'],
      [4, 'info'],
    ] as const) {
      history.begin({ producer: 'p', sequence }, 0, SIZE);
      history.settle({ producer: 'p', sequence }, { kind });
    }
    const read = (producer: string, sequence: number): Read => ({
      partition: 0,
      offset: sequence,
      value: uniqueValue({ producer, sequence }, SIZE),
    });
    expect(names(history, [...log, read('p', 3)])).toEqual(['G1a']);
    expect(names(history, [...log, read('p', 4)])).toEqual([]);
    expect(names(history, [...log, read('q', 5)])).toEqual(['phantom']);
  });

  it('finds a read that goes backwards', () => {
    const { history, log } = threeSent();
    expect(names(history, [...log, log[2] as Read])).toContain('int-nonmonotonic-poll');
  });
});

it('uniqueValue differs in producer, sequence and size, and says whose it is', () => {
  expect(identityOf(uniqueValue({ producer: 'a', sequence: 17 }, 100))).toEqual({ producer: 'a', sequence: 17 });
  expect(identityOf(new TextEncoder().encode('something else'))).toBeUndefined();
  expect(uniqueValue({ producer: 'a', sequence: 1 }, 100)).not.toEqual(uniqueValue({ producer: 'a', sequence: 2 }, 100));
});
