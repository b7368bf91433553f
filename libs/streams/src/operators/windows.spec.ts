import { serdes } from '@moldau/client/serdes';
import { describe, expect, it } from 'vitest';
import {
  createStreamsBuilder,
  createTestDriver,
  integerSerde,
  type SessionWindows,
  type Table,
  type TimeWindows,
  type Windowed,
  windowedSerde,
  windows,
} from '../index.ts';
import { TEXT } from '../testing/text-topic.ts';

const WINDOWED = { key: windowedSerde(serdes.string), value: integerSerde } as const;

/** Counts by key and window; with what a spec does to the table before it is written. */
function counting(
  by: TimeWindows | SessionWindows,
  then: (table: Table<Windowed<string>, number>) => Table<Windowed<string>, number> = (table) => table,
) {
  const builder = createStreamsBuilder();
  const grouped = builder.stream('in', TEXT).groupByKey();
  const table = by.kind === 'session' ? grouped.windowedBy(by).count() : grouped.windowedBy(by).count();
  then(table).toStream().to('out');
  const driver = createTestDriver(builder.build(), { handlers: { lateRecords: 'dead-letter', deadLetterTopic: 'dead' } });
  const [input, output] = [driver.topic('in', TEXT), driver.topic('out', WINDOWED)];
  const pipe = (timestampMs: number, key = 'k') => {
    input.pipe(key, 'x', { timestampMs });
    return read();
  };
  const read = () => output.readAll().map(({ key, value }) => `${key?.key}[${key?.window.startMs},${key?.window.endMs}]=${value}`);
  return { driver, pipe, read };
}

describe('time windows', () => {
  it('tumble: a record at the end of a window belongs to the next one', () => {
    const { pipe } = counting(windows.tumbling({ sizeMs: 10 }));
    expect([pipe(0), pipe(9), pipe(10)]).toEqual([['k[0,10]=1'], ['k[0,10]=2'], ['k[10,20]=1']]);
  });

  it('hop: a record is in every window that holds its time', () => {
    const { pipe } = counting(windows.hopping({ sizeMs: 10, advanceMs: 4 }));
    expect(pipe(21)).toEqual(['k[12,22]=1', 'k[16,26]=1', 'k[20,30]=1']);
    expect(pipe(24)).toEqual(['k[16,26]=2', 'k[20,30]=2', 'k[24,34]=1']);
  });

  it('take late records until the grace is over, then count them and keep them as dead letters', () => {
    const { pipe, driver } = counting(windows.tumbling({ sizeMs: 10, graceMs: 5 }));
    pipe(3);
    pipe(14);
    expect(pipe(9)).toEqual(['k[0,10]=2']);
    pipe(15);
    expect(pipe(9)).toEqual([]);
    expect(driver.stats()).toMatchObject({ late: 1, deadLetters: 1 });
    const [letter] = driver.topic('dead', TEXT).readAll();
    expect(letter).toMatchObject({ key: 'k', value: 'x', timestampMs: 9 });
    const headers = Object.fromEntries(letter!.headers.map(([name, value]) => [name, Buffer.from(value!).toString()]));
    expect(headers).toMatchObject({
      'moldau-dead-letter-topic': 'in',
      'moldau-dead-letter-offset': '4',
      'moldau-dead-letter-operator': 'windowed-count-1',
      'moldau-dead-letter-error': 'LATE_RECORD',
    });
  });

  it('leave open the windows that are not closed, where a hopping record is late for others', () => {
    const { pipe } = counting(windows.hopping({ sizeMs: 10, advanceMs: 5 }));
    pipe(20);
    expect(pipe(14)).toEqual([]);
    expect(pipe(16)).toEqual(['k[15,25]=2']);
  });
});

describe('final results', () => {
  it('come once, when windows close, in the order of time', () => {
    const { pipe, read, driver } = counting(windows.tumbling({ sizeMs: 10, graceMs: 5 }), (table) => table.untilWindowCloses());
    expect([pipe(1), pipe(2), pipe(11), pipe(3), pipe(14)]).toEqual([[], [], [], [], []]);
    expect(pipe(15)).toEqual(['k[0,10]=3']);
    driver.restart({ crash: true });
    driver.advanceStreamTime(25);
    expect(read()).toEqual(['k[10,20]=3']);
  });

  it('fail the task when too many would have to wait', () => {
    const { pipe } = counting(windows.tumbling({ sizeMs: 10 }), (table) => table.untilWindowCloses({ recordsMax: 2 }));
    pipe(1, 'a');
    pipe(1, 'b');
    expect(() => pipe(1, 'c')).toThrow(/holds back 2 results/);
  });

  it('of sessions come once the gap and the grace are over', () => {
    const { pipe } = counting(windows.session({ gapMs: 10, graceMs: 5 }), (table) => table.untilWindowCloses());
    expect([pipe(0), pipe(14), pipe(7), pipe(29)]).toEqual([[], [], [], []]);
    expect(pipe(30)).toEqual(['k[0,14]=3']);
  });
});

describe('changes held back for a time', () => {
  const limited = (recordsMax: number) => {
    const builder = createStreamsBuilder();
    builder.table('in', TEXT).untilTimeLimit({ limitMs: 10, recordsMax }).toStream().to('out');
    return createTestDriver(builder.build());
  };

  it('come as the last of each key', () => {
    const driver = limited(100);
    const [input, output] = [driver.topic('in', TEXT), driver.topic('out', TEXT)];
    input.pipe('a', '1', { timestampMs: 0 });
    input.pipe('a', '2', { timestampMs: 5 });
    input.pipe('b', '1', { timestampMs: 9 });
    expect(output.readPairs()).toEqual([]);
    input.pipe('b', '2', { timestampMs: 10 });
    expect(output.readPairs()).toEqual([['a', '2']]);
  });

  it('go early when there is no room, the oldest first', () => {
    const driver = limited(2);
    const [input, output] = [driver.topic('in', TEXT), driver.topic('out', TEXT)];
    for (const key of ['a', 'b', 'c']) input.pipe(key, '1', { timestampMs: 0 });
    expect(output.readPairs()).toEqual([['a', '1']]);
  });
});

describe('sessions', () => {
  it('grow and grow together; what they replace is removed first', () => {
    const { pipe } = counting(windows.session({ gapMs: 5, graceMs: 100 }));
    expect(pipe(10)).toEqual(['k[10,10]=1']);
    expect(pipe(20)).toEqual(['k[20,20]=1']);
    expect(pipe(15)).toEqual(['k[10,10]=null', 'k[20,20]=null', 'k[10,20]=3']);
    expect(pipe(16)).toEqual(['k[10,20]=4']);
    expect(pipe(26)).toEqual(['k[26,26]=1']);
  });

  it('that are closed stay as they are', () => {
    const { pipe, driver } = counting(windows.session({ gapMs: 5 }));
    pipe(10);
    pipe(16);
    expect(pipe(10)).toEqual([]);
    expect(driver.stats().late).toBe(1);
  });
});

describe('event time', () => {
  const twoInputs = (idleMs: number) => {
    const builder = createStreamsBuilder();
    const [left, right] = ['left', 'right'].map((topic) => builder.stream(topic, TEXT));
    left!
      .merge(right!)
      .groupByKey()
      .windowedBy(windows.tumbling({ sizeMs: 10 }))
      .count()
      .untilWindowCloses()
      .toStream()
      .to('out');
    return createTestDriver(builder.build(), { idleMs });
  };

  it('is the least of the input partitions', () => {
    const driver = twoInputs(1_000);
    const output = driver.topic('out', WINDOWED);
    driver.topic('left', TEXT).pipe('k', 'x', { timestampMs: 5 });
    driver.topic('left', TEXT).pipe('k', 'x', { timestampMs: 50 });
    driver.topic('right', TEXT).pipe('k', 'x', { timestampMs: 6 });
    expect(output.readAll()).toEqual([]);
    driver.topic('right', TEXT).pipe('k', 'x', { timestampMs: 30 });
    expect(output.readAll().map(({ value }) => value)).toEqual([2]);
    expect(driver.stats().late).toBe(0);
  });

  it('does not wait for a partition that brings nothing', () => {
    const driver = twoInputs(1_000);
    driver.topic('left', TEXT).pipe('k', 'x', { timestampMs: 5 });
    driver.topic('left', TEXT).pipe('k', 'x', { timestampMs: 50 });
    driver.advanceWallTime(500);
    driver.topic('left', TEXT).pipe('k', 'x', { timestampMs: 51 });
    expect(driver.topic('out', WINDOWED).readAll()).toEqual([]);
    driver.advanceWallTime(500);
    expect(
      driver
        .topic('out', WINDOWED)
        .readAll()
        .map(({ value }) => value),
    ).toEqual([1]);
  });
});
