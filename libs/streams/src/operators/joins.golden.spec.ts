import { serdes } from '@moldau/client/serdes';
import { describe, expect, it } from 'vitest';
import { createStreamsBuilder, createTestDriver, type StreamsBuilder } from '../index.ts';
import { TEXT } from '../testing/text-topic.ts';

/**
 * The sequence of the Kafka Streams developer guide ("Joining"): records of one key, left or right, a millisecond apart, null
 * for a tombstone; with what each kind of join puts out.
 */
const SEQUENCE = [
  ['left', null],
  ['right', null],
  ['left', 'A'],
  ['right', 'a'],
  ['left', 'B'],
  ['right', 'b'],
  ['left', null],
  ['right', null],
  ['left', 'C'],
  ['right', 'c'],
  ['right', null],
  ['left', null],
  ['right', null],
  ['right', 'd'],
  ['left', 'D'],
] as const;

const pair = (left: string | null, right: string | null): string => `${left ?? 'null'},${right ?? 'null'}`;

/** What comes out after each record of the sequence. */
function run(build: (builder: StreamsBuilder) => void, closeAtMs?: number): readonly (readonly (string | null)[])[] {
  const builder = createStreamsBuilder();
  build(builder);
  const driver = createTestDriver(builder.build());
  const output = driver.topic('out', TEXT);
  const steps = SEQUENCE.map(([side, value], index) => {
    driver.topic(side, TEXT).pipe('k', value, { timestampMs: index + 1 });
    return output.readAll().map((record) => record.value);
  });
  if (closeAtMs === undefined) return steps;
  driver.advanceStreamTime(closeAtMs);
  return [...steps, output.readAll().map((record) => record.value)];
}

const none: readonly string[] = [];

describe('a stream joined with a table', () => {
  const joined = (kind: 'join' | 'leftJoin') =>
    run((builder) => {
      const table = builder.table('right', TEXT);
      const stream = builder.stream('left', TEXT);
      const result =
        kind === 'join' ? stream.join(table, pair, { value: serdes.string }) : stream.leftJoin(table, pair, { value: serdes.string });
      result.to('out');
    });

  it('inner: gives what the table holds when a record comes', () => {
    expect(joined('join')).toEqual([none, none, none, none, ['B,a'], none, none, none, none, none, none, none, none, none, ['D,d']]);
  });

  it('left: gives null where the table holds nothing', () => {
    expect(joined('leftJoin')).toEqual([
      none,
      none,
      ['A,null'],
      none,
      ['B,a'],
      none,
      none,
      none,
      ['C,null'],
      none,
      none,
      none,
      none,
      none,
      ['D,d'],
    ]);
  });
});

describe('a table joined with a table', () => {
  const joined = (kind: 'join' | 'leftJoin' | 'outerJoin') =>
    run((builder) => {
      const [left, right] = [builder.table('left', TEXT), builder.table('right', TEXT)];
      const options = { value: serdes.string };
      const result =
        kind === 'join'
          ? left.join(right, pair, options)
          : kind === 'leftJoin'
            ? left.leftJoin(right, pair, options)
            : left.outerJoin(right, pair, options);
      result.toStream().to('out');
    });

  it('inner', () => {
    expect(joined('join')).toEqual([
      none,
      none,
      none,
      ['A,a'],
      ['B,a'],
      ['B,b'],
      [null],
      none,
      none,
      ['C,c'],
      [null],
      none,
      none,
      none,
      ['D,d'],
    ]);
  });

  it('left', () => {
    expect(joined('leftJoin')).toEqual([
      none,
      none,
      ['A,null'],
      ['A,a'],
      ['B,a'],
      ['B,b'],
      [null],
      none,
      ['C,null'],
      ['C,c'],
      ['C,null'],
      [null],
      none,
      none,
      ['D,d'],
    ]);
  });

  it('outer', () => {
    expect(joined('outerJoin')).toEqual([
      none,
      none,
      ['A,null'],
      ['A,a'],
      ['B,a'],
      ['B,b'],
      ['null,b'],
      [null],
      ['C,null'],
      ['C,c'],
      ['C,null'],
      [null],
      none,
      ['null,d'],
      ['D,d'],
    ]);
  });
});

describe('a stream joined with a stream', () => {
  const within = { withinMs: 100, value: serdes.string } as const;
  const matched = [
    none,
    none,
    none,
    ['A,a'],
    ['B,a'],
    ['A,b', 'B,b'],
    none,
    none,
    ['C,a', 'C,b'],
    ['A,c', 'B,c', 'C,c'],
    none,
    none,
    none,
    ['A,d', 'B,d', 'C,d'],
    ['D,a', 'D,b', 'D,c', 'D,d'],
  ];

  it('inner: gives every pair within the window once', () => {
    expect(run((builder) => builder.stream('left', TEXT).joinStream(builder.stream('right', TEXT), pair, within).to('out'), 1_000)).toEqual(
      [...matched, none],
    );
  });

  it('left and outer: give the same, as everything has a partner', () => {
    expect(
      run((builder) => builder.stream('left', TEXT).leftJoinStream(builder.stream('right', TEXT), pair, within).to('out'), 1_000),
    ).toEqual([...matched, none]);
    expect(
      run((builder) => builder.stream('left', TEXT).outerJoinStream(builder.stream('right', TEXT), pair, within).to('out'), 1_000),
    ).toEqual([...matched, none]);
  });

  it('outer: gives records without partner when their windows and grace are over, not before', () => {
    const builder = createStreamsBuilder();
    builder
      .stream('left', TEXT)
      .outerJoinStream(builder.stream('right', TEXT), pair, { ...within, withinMs: 10, graceMs: 5 })
      .to('out');
    const driver = createTestDriver(builder.build());
    const output = driver.topic('out', TEXT);
    driver.topic('left', TEXT).pipe('k', 'A', { timestampMs: 100 });
    driver.topic('right', TEXT).pipe('k', 'b', { timestampMs: 111 });
    driver.advanceStreamTime(115);
    expect(output.readPairs()).toEqual([]);
    driver.advanceStreamTime(116);
    expect(output.readAll().map(({ value, timestampMs }) => [value, timestampMs])).toEqual([['A,null', 100]]);
    driver.topic('left', TEXT).pipe('k', 'C', { timestampMs: 112 });
    expect(output.readPairs()).toEqual([['k', 'C,b']]);
    driver.advanceStreamTime(1_000);
    expect(output.readPairs()).toEqual([]);
    driver.topic('left', TEXT).pipe('k', 'late', { timestampMs: 111 });
    expect([output.readPairs(), driver.stats().late]).toEqual([[], 1]);
  });

  it('left: does not give records of the right alone', () => {
    const builder = createStreamsBuilder();
    builder
      .stream('left', TEXT)
      .leftJoinStream(builder.stream('right', TEXT), pair, { ...within, withinMs: 10 })
      .to('out');
    const driver = createTestDriver(builder.build());
    driver.topic('left', TEXT).pipe('k', 'A', { timestampMs: 100 });
    driver.topic('right', TEXT).pipe('k', 'b', { timestampMs: 300 });
    driver.advanceStreamTime(1_000);
    expect(driver.topic('out', TEXT).readPairs()).toEqual([['k', 'A,null']]);
  });
});

describe('a stream joined with a global table', () => {
  it('finds rows by a key of its own, whatever the partitions', () => {
    const builder = createStreamsBuilder();
    const names = builder.globalTable('names', { ...TEXT, name: 'names' });
    const flights = builder.stream('flights', TEXT);
    flights
      .joinGlobal(
        names,
        (origin) => origin,
        (origin, name) => `${origin}=${name}`,
        { value: serdes.string },
      )
      .to('found');
    flights
      .leftJoinGlobal(
        names,
        (origin) => origin,
        (origin, name) => `${origin}=${name ?? '?'}`,
        { value: serdes.string },
      )
      .to('all');
    const driver = createTestDriver(builder.build(), { partitions: { flights: 3, names: 2 } });
    driver.topic('names', TEXT).pipe('PRG', 'Prague');
    driver.topic('flights', TEXT).pipe('1', 'PRG');
    driver.topic('flights', TEXT).pipe('2', 'NOWHERE');
    expect(driver.topic('found', TEXT).readPairs()).toEqual([['1', 'PRG=Prague']]);
    expect(driver.topic('all', TEXT).readPairs()).toEqual([
      ['1', 'PRG=Prague'],
      ['2', 'NOWHERE=?'],
    ]);
    expect(driver.keyValueStore<string, string>('names').get('PRG')).toBe('Prague');
  });
});
