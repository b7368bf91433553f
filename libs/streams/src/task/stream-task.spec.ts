import { serdes } from '@moldau/client/serdes';
import { describe, expect, it } from 'vitest';
import { createStreamsBuilder, createTestDriver, type FailureHandlers, keyValueStore, type TestDriverOptions } from '../index.ts';
import { TEXT } from '../testing/text-topic.ts';

const NUMBERS = { key: serdes.string, value: serdes.json<number>() } as const;

describe('a record that fails', () => {
  const driverWith = (handlers: FailureHandlers) => {
    const builder = createStreamsBuilder();
    const stream = builder.stream('in', NUMBERS);
    stream
      .mapValues(
        (value) => {
          if (value < 0) throw new RangeError(`no root of ${value}`);
          return Math.sqrt(value);
        },
        { name: 'root', value: serdes.json<number>() },
      )
      .to('roots');
    stream.to('copies');
    return createTestDriver(builder.build(), { handlers, application: 'app' });
  };

  it('stops the task unless a handler says otherwise', () => {
    const driver = driverWith({});
    expect(() => driver.topic('in', NUMBERS).pipe('k', -4)).toThrow('operator root of app failed at in-0 offset 0: no root of -4');
  });

  it('is skipped at the operator that failed; operators beside it get it', () => {
    const driver = driverWith({ processing: 'skip' });
    for (const value of [-4, 4]) driver.topic('in', NUMBERS).pipe('k', value);
    expect(driver.topic('roots', NUMBERS).readPairs()).toEqual([['k', 2]]);
    expect(driver.topic('copies', NUMBERS).readPairs()).toEqual([
      ['k', -4],
      ['k', 4],
    ]);
    expect(driver.stats().failed.processing).toBe(1);
  });

  it('goes to the dead-letter topic as it came, with where it failed and why', () => {
    const driver = driverWith({ processing: ({ operator }) => (operator === 'root' ? 'dead-letter' : 'fail'), deadLetterTopic: 'dead' });
    driver.topic('in', NUMBERS).pipe('k', -4, { headers: [['trace', null]] });
    const [letter] = driver.topic('dead', NUMBERS).readAll();
    expect(letter).toMatchObject({ key: 'k', value: -4 });
    expect(letter!.headers.map(([name, value]) => [name, value === null ? null : Buffer.from(value).toString()])).toEqual([
      ['trace', null],
      ['moldau-dead-letter-topic', 'in'],
      ['moldau-dead-letter-partition', '0'],
      ['moldau-dead-letter-offset', '0'],
      ['moldau-dead-letter-group', 'app'],
      ['moldau-dead-letter-operator', 'root'],
      ['moldau-dead-letter-error', 'RangeError'],
      ['moldau-dead-letter-message', 'operator root of app failed at in-0 offset 0: no root of -4'],
    ]);
  });

  it('may be one whose bytes are no value', () => {
    const driver = driverWith({ deserialization: 'dead-letter', deadLetterTopic: 'dead' });
    driver.topic('in', TEXT).pipe('k', '{');
    driver.topic('in', NUMBERS).pipe('k', 9);
    expect(driver.topic('roots', NUMBERS).readPairs()).toEqual([['k', 3]]);
    expect(driver.topic('dead', TEXT).readPairs()).toEqual([['k', '{']]);
  });

  it('may be one without a time, or with one that can not be', () => {
    const builder = createStreamsBuilder();
    builder.stream('in', NUMBERS).to('out');
    const driver = createTestDriver(builder.build(), { handlers: { deserialization: 'skip' }, futureMs: 1_000, wallMs: 10_000 });
    for (const timestampMs of [-1, 11_001, 11_000]) driver.topic('in', NUMBERS).pipe('k', timestampMs, { timestampMs });
    expect(driver.topic('out', NUMBERS).readPairs()).toEqual([['k', 11_000]]);
    expect(driver.stats().failed.deserialization).toBe(2);
  });

  it('may be a result that can not be written', () => {
    const builder = createStreamsBuilder();
    builder
      .stream('in', NUMBERS)
      .mapValues((value) => (value > 0 ? value : undefined), { value: serdes.json<number | undefined>() })
      .to('out');
    const driver = createTestDriver(builder.build(), { handlers: { production: 'skip' } });
    for (const value of [0, 1]) driver.topic('in', NUMBERS).pipe('k', value);
    expect(driver.topic('out', NUMBERS).readPairs()).toEqual([['k', 1]]);
    expect(driver.stats().failed.production).toBe(1);
  });

  it('needs a dead-letter topic before the task starts', () => {
    expect(() => driverWith({ processing: 'dead-letter' })).toThrow('no dead-letter topic is set');
  });
});

describe('a processor', () => {
  const punctual = (options: TestDriverOptions = {}) => {
    const builder = createStreamsBuilder();
    const last = keyValueStore({ name: 'last', ...NUMBERS });
    builder
      .stream('in', NUMBERS)
      .process<string, string>(
        (context) => {
          const state = context.store(last);
          const tell = (what: string) => (timeMs: number) => {
            for (const [key, { value }] of state.entries()) context.forward(key, `${what} ${timeMs}: ${value}`);
          };
          context.schedule({ everyMs: 10, time: 'stream' }, tell('stream'));
          context.schedule({ everyMs: 100, time: 'wall' }, tell('wall'));
          return (value, key, record) => state.put(key ?? '', value, record.timestampMs);
        },
        { stores: [last], ...TEXT },
      )
      .to('out');
    return createTestDriver(builder.build(), options);
  };

  it('is called at multiples of its interval, once for several that passed', () => {
    const driver = punctual();
    const [input, output] = [driver.topic('in', NUMBERS), driver.topic('out', TEXT)];
    input.pipe('k', 1, { timestampMs: 3 });
    input.pipe('k', 2, { timestampMs: 9 });
    expect(output.readPairs()).toEqual([]);
    input.pipe('k', 3, { timestampMs: 34 });
    input.pipe('k', 4, { timestampMs: 39 });
    expect(output.readPairs()).toEqual([['k', 'stream 34: 2']]);
    driver.advanceWallTime(99);
    expect(output.readPairs()).toEqual([]);
    driver.advanceWallTime(1);
    expect(output.readPairs()).toEqual([['k', 'wall 100: 4']]);
  });

  it('keeps its schedule and its state over a restart', () => {
    const driver = punctual({ wallMs: 50 });
    const [input, output] = [driver.topic('in', NUMBERS), driver.topic('out', TEXT)];
    input.pipe('k', 1, { timestampMs: 3 });
    driver.restart({ crash: true });
    input.pipe('k', 2, { timestampMs: 12 });
    driver.advanceWallTime(50);
    expect(output.readPairs()).toEqual([
      ['k', 'stream 12: 1'],
      ['k', 'wall 100: 2'],
    ]);
  });
});

describe('an asynchronous operator', () => {
  /** Calls that end when the spec says so. */
  const setUp = (concurrency: number, options: TestDriverOptions = {}) => {
    const calls = new Map<string, { resolve(value: string): void; reject(error: Error): void; readonly signal: AbortSignal }>();
    const started: string[] = [];
    const builder = createStreamsBuilder();
    builder
      .stream('in', TEXT)
      .mapValuesAsync(
        (value, _key, { signal }) => {
          started.push(value);
          return new Promise<string>((resolve, reject) => void calls.set(value, { resolve, reject, signal }));
        },
        { concurrency, timeoutMs: 1_000, value: serdes.string, name: 'ask' },
      )
      .to('out');
    const driver = createTestDriver(builder.build(), options);
    const end = async (value: string): Promise<void> => {
      calls.get(value)?.resolve(value.toUpperCase());
      await Promise.resolve();
      await new Promise((resolve) => setImmediate(resolve));
      driver.commit();
    };
    return {
      driver,
      calls,
      started,
      end,
      out: driver.topic('out', TEXT),
      pipe: (value: string) => driver.topic('in', TEXT).pipe(null, value),
    };
  };

  it('has as many calls under way as it may, and gives results in the order of the records', async () => {
    const { pipe, started, end, out } = setUp(2);
    for (const value of ['a', 'b', 'c']) pipe(value);
    expect(started).toEqual(['a', 'b']);
    await end('b');
    expect([out.readPairs(), started]).toEqual([[], ['a', 'b']]);
    await end('a');
    expect([out.readPairs(), started]).toEqual([
      [
        [null, 'A'],
        [null, 'B'],
      ],
      ['a', 'b', 'c'],
    ]);
  });

  it('asks again for what was not finished when the process ended, and for nothing else', async () => {
    const { pipe, started, end, out, driver } = setUp(4);
    for (const value of ['a', 'b', 'c']) pipe(value);
    await end('a');
    await end('c');
    driver.restart({ crash: true });
    expect(started).toEqual(['a', 'b', 'c', 'b', 'c']);
    await end('b');
    await end('c');
    expect(out.readPairs()).toEqual([
      [null, 'A'],
      [null, 'B'],
      [null, 'C'],
    ]);
  });

  it('treats a rejection as a failed record, and one that takes too long too', async () => {
    const { pipe, calls, out, driver, end } = setUp(4, { handlers: { processing: 'skip' } });
    for (const value of ['a', 'b', 'c']) pipe(value);
    calls.get('a')?.reject(new Error('no'));
    await end('b');
    driver.advanceWallTime(1_000);
    expect(calls.get('c')?.signal.aborted).toBe(true);
    expect(out.readPairs()).toEqual([[null, 'B']]);
    expect(driver.stats().failed.processing).toBe(2);
  });

  it('is waited for by the driver', async () => {
    const builder = createStreamsBuilder();
    builder
      .stream('in', TEXT)
      .mapValuesAsync(async (value) => value.length, { concurrency: 1, value: serdes.json<number>() })
      .groupBy((_value, key) => key, { key: serdes.string })
      .count()
      .toStream()
      .to('out');
    const driver = createTestDriver(builder.build());
    for (const value of ['a', 'b', 'c']) driver.topic('in', TEXT).pipe('k', value);
    await driver.settle();
    expect(driver.keyValueStore<string, number>('count-1').get('k')).toBe(3);
  });
});
