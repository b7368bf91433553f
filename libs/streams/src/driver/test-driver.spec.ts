import { serdes } from '@moldau/client/serdes';
import { describe, expect, it } from 'vitest';
import { createStreamsBuilder, createTestDriver, integerSerde, type RecordStream } from '../index.ts';
import { TEXT } from '../testing/text-topic.ts';

const COUNTS = { key: serdes.string, value: integerSerde } as const;

describe('the test driver', () => {
  it('runs a topology through stateless operators, a repartition topic and a count', () => {
    const builder = createStreamsBuilder();
    builder
      .stream('lines', TEXT)
      .flatMapValues((line) => line.split(' '), { value: serdes.string })
      .filter((word) => word !== '')
      .groupBy((word) => word, { key: serdes.string })
      .count()
      .toStream()
      .to('counts');
    const driver = createTestDriver(builder.build(), { partitions: { lines: 3, counts: 2 } });
    driver.topic('lines', TEXT).pipe(null, 'to be or not to be');
    const last = new Map(driver.topic('counts', COUNTS).readPairs());
    expect(last).toEqual(
      new Map([
        ['to', 2],
        ['be', 2],
        ['or', 1],
        ['not', 1],
      ]),
    );
  });

  it('gathers changes of a key until the commit', () => {
    const builder = createStreamsBuilder();
    builder.stream('in', TEXT).groupByKey().count({ name: 'seen' }).toStream().to('out');
    const driver = createTestDriver(builder.build(), { commitEach: false });
    const [input, output] = [driver.topic('in', TEXT), driver.topic('out', COUNTS)];
    for (const key of ['a', 'b', 'a', 'a']) input.pipe(key, 'x');
    expect(output.readPairs()).toEqual([]);
    expect(driver.keyValueStore<string, number>('seen').get('a')).toBe(3);
    driver.commit();
    expect(output.readPairs()).toEqual([
      ['a', 3],
      ['b', 1],
    ]);
  });

  it('loses nothing and counts nothing twice in a crash', () => {
    const builder = createStreamsBuilder();
    builder.stream('in', TEXT).groupByKey().count({ name: 'seen' }).toStream().to('out');
    const driver = createTestDriver(builder.build(), { commitEach: false });
    const [input, output] = [driver.topic('in', TEXT), driver.topic('out', COUNTS)];
    input.pipe('a', 'x');
    driver.commit();
    input.pipe('a', 'x');
    driver.restart({ crash: true });
    input.pipe('a', 'x');
    driver.commit();
    expect(output.readPairs()).toEqual([
      ['a', 1],
      ['a', 3],
    ]);
  });

  it('notices a function that changes a stored value in place', () => {
    const builder = createStreamsBuilder();
    builder
      .stream('in', TEXT)
      .groupByKey()
      .aggregate(
        () => ({ count: 0 }),
        (_value, _key, held) => {
          held.count++;
          return held;
        },
        { value: serdes.json<{ count: number }>() },
      );
    const driver = createTestDriver(builder.build());
    driver.topic('in', TEXT).pipe('a', 'x');
    expect(() => driver.topic('in', TEXT).pipe('a', 'x')).toThrow(/changed a value of the store aggregate-1 in place/);
  });

  it('sends records to branches, to topics chosen per record, and back together', () => {
    const builder = createStreamsBuilder();
    const { short, long } = builder.stream('in', TEXT).split({ short: (word) => word.length < 3, long: () => true });
    const marked = (stream: RecordStream<string | null, string>, mark: string) =>
      stream.mapValues((word) => mark + word, { value: serdes.string });
    const merged = marked(short, '-').merge(marked(long, '+'));
    merged.to((word) => (word.startsWith('-') ? 'shorts' : 'longs'));
    const driver = createTestDriver(builder.build());
    for (const word of ['a', 'abcd', 'be']) driver.topic('in', TEXT).pipe(null, word);
    expect(driver.topic('shorts', TEXT).readPairs()).toEqual([
      [null, '-a'],
      [null, '-be'],
    ]);
    expect(driver.topic('longs', TEXT).readPairs()).toEqual([[null, '+abcd']]);
  });

  it('carries headers and times through', () => {
    const builder = createStreamsBuilder();
    builder
      .stream('in', TEXT)
      .map((value, key) => [value, key ?? ''], TEXT)
      .to('out');
    const driver = createTestDriver(builder.build());
    driver.topic('in', TEXT).pipe('k', 'v', { timestampMs: 7, headers: [['trace', Buffer.from('1')]] });
    expect(driver.topic('out', TEXT).readAll()).toEqual([
      { partition: 0, key: 'v', value: 'k', timestampMs: 7, headers: [['trace', Buffer.from('1')]] },
    ]);
  });

  it('folds several streams into one table', () => {
    const builder = createStreamsBuilder();
    const [left, right] = ['left', 'right'].map((topic) => builder.stream(topic, TEXT).groupByKey());
    left!
      .cogroup<string>((value, _key, held) => `${held}l${value}`)
      .cogroup(right!, (value, _key, held) => `${held}r${value}`)
      .aggregate(() => '', { value: serdes.string })
      .toStream()
      .to('out');
    const driver = createTestDriver(builder.build());
    driver.topic('left', TEXT).pipe('k', '1');
    driver.topic('right', TEXT).pipe('k', '2');
    driver.topic('left', TEXT).pipe('k', '3');
    expect(driver.topic('out', TEXT).readPairs()).toEqual([
      ['k', 'l1'],
      ['k', 'l1r2'],
      ['k', 'l1r2l3'],
    ]);
  });

  it('keeps aggregates of a table right when its rows change groups or go', () => {
    const builder = createStreamsBuilder();
    builder
      .table('homes', TEXT)
      .groupBy((city, person) => [city, person], { key: serdes.string, value: serdes.string })
      .count()
      .toStream()
      .to('out');
    const driver = createTestDriver(builder.build(), { partitions: { homes: 2 } });
    const homes = driver.topic('homes', TEXT);
    homes.pipe('ann', 'prague');
    homes.pipe('bob', 'prague');
    homes.pipe('ann', 'brno');
    homes.pipe('bob', null);
    expect(driver.topic('out', COUNTS).readPairs()).toEqual([
      ['prague', 1],
      ['prague', 2],
      ['prague', 1],
      ['brno', 1],
      ['prague', 0],
    ]);
  });
});
