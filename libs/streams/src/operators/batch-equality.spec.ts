import { serdes } from '@moldau/client/serdes';
import { SeededRandom } from '@moldau/testkit';
import { describe, expect, it } from 'vitest';
import {
  createStreamsBuilder,
  createTestDriver,
  integerSerde,
  type StreamsBuilder,
  type TestDriver,
  windowedSerde,
  windows,
} from '../index.ts';
import { TEXT } from '../testing/text-topic.ts';

interface Event {
  readonly side: 'left' | 'right';
  readonly key: string;
  readonly value: string;
  readonly timestampMs: number;
}

const SEEDS = Array.from({ length: 12 }, (_, index) => index + 1);
const EVENTS = 120;
/** No record is later than that, so none is dropped where the grace is as long. */
const DISORDER_MS = 40;
const END_MS = 1_000_000;
const WINDOWED = { key: windowedSerde(serdes.string), value: integerSerde } as const;

function events(random: SeededRandom): readonly Event[] {
  let nowMs = 1_000;
  return Array.from({ length: EVENTS }, (_, index) => {
    nowMs += random.below(20);
    const side = random.chance(0.5) ? 'left' : 'right';
    return { side, key: random.pick(['a', 'b', 'c']), value: `${side[0]}${index}`, timestampMs: nowMs - random.below(DISORDER_MS) };
  });
}

interface Run {
  readonly events: readonly Event[];
  readonly driver: TestDriver;
}

/** Pipes random events, with commits, restarts and crashes between them, and closes all windows. */
function run(seed: number, build: (builder: StreamsBuilder) => void): Run {
  const random = new SeededRandom(seed);
  const builder = createStreamsBuilder();
  build(builder);
  const partitions = 1 + random.below(3);
  const driver = createTestDriver(builder.build(), {
    commitEach: random.chance(0.3),
    idleMs: 0,
    partitions: { left: partitions, right: partitions },
  });
  const all = events(random);
  for (const { side, key, value, timestampMs } of all) {
    driver.topic(side, TEXT).pipe(key, value, { timestampMs });
    if (random.chance(0.1)) driver.commit();
    if (random.chance(0.05)) driver.restart({ crash: random.chance(0.7) });
  }
  driver.commit();
  driver.advanceStreamTime(END_MS);
  driver.commit();
  return { events: all, driver };
}

/** The last value per key of what came out; removed keys left out. */
function windowsOut(driver: TestDriver): ReadonlyMap<string, number> {
  const last = new Map<string, number>();
  for (const { key, value } of driver.topic('out', WINDOWED).readAll()) {
    const name = `${key?.key}@${key?.window.startMs}-${key?.window.endMs}`;
    if (value === null) last.delete(name);
    else last.set(name, value);
  }
  return last;
}

function tally(names: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

const sorted = (names: readonly (string | null)[]): readonly (string | null)[] => [...names].sort();

describe.each(SEEDS)('random records with restarts and crashes, seed %i: a stream gives what a batch gives', (seed) => {
  it('for counts by key', () => {
    const { events: all, driver } = run(seed, (builder) =>
      builder.stream(['left', 'right'], TEXT).groupByKey().count().toStream().to('out'),
    );
    expect(new Map(driver.topic('out', { key: serdes.string, value: integerSerde }).readPairs())).toEqual(tally(all.map(({ key }) => key)));
  });

  it('for an aggregate over another key, through a repartition topic', () => {
    const { events: all, driver } = run(seed, (builder) =>
      builder
        .stream(['left', 'right'], TEXT)
        .groupBy((value) => value.slice(-1), { key: serdes.string })
        .reduce((held, value) => (held > value ? held : value))
        .toStream()
        .to('out'),
    );
    const batch = new Map<string, string>();
    for (const { value } of all) batch.set(value.slice(-1), [batch.get(value.slice(-1)) ?? '', value].sort().at(-1) ?? '');
    expect(new Map(driver.topic('out', TEXT).readPairs())).toEqual(batch);
  });

  it('for hopping windows', () => {
    const by = windows.hopping({ sizeMs: 60, advanceMs: 25, graceMs: 2 * DISORDER_MS });
    const { events: all, driver } = run(seed, (builder) =>
      builder.stream(['left', 'right'], TEXT).groupByKey().windowedBy(by).count().untilWindowCloses().toStream().to('out'),
    );
    const batch = all.flatMap(({ key, timestampMs }) => {
      const starts = [0, 25, 50].map((back) => Math.floor(timestampMs / 25) * 25 - back).filter((start) => start + 60 > timestampMs);
      return starts.map((start) => `${key}@${start}-${start + 60}`);
    });
    expect(windowsOut(driver)).toEqual(tally(batch));
  });

  it('for sliding windows', () => {
    const { events: all, driver } = run(seed, (builder) =>
      builder
        .stream(['left', 'right'], TEXT)
        .groupByKey()
        .windowedBy(windows.sliding({ differenceMs: 30, graceMs: 4 * DISORDER_MS }))
        .count()
        .toStream()
        .to('out'),
    );
    const batch = new Map<string, number>();
    for (const { key, timestampMs } of all) {
      for (const start of [timestampMs - 30, timestampMs + 1]) {
        const inside = all.filter((other) => other.key === key && other.timestampMs >= start && other.timestampMs <= start + 30);
        if (inside.length > 0) batch.set(`${key}@${start}-${start + 30}`, inside.length);
      }
    }
    expect(windowsOut(driver)).toEqual(batch);
  });

  it('for sessions', () => {
    const { events: all, driver } = run(seed, (builder) =>
      builder
        .stream(['left', 'right'], TEXT)
        .groupByKey()
        .windowedBy(windows.session({ gapMs: 15, graceMs: 2 * DISORDER_MS }))
        .count()
        .toStream()
        .to('out'),
    );
    const batch = new Map<string, number>();
    for (const key of ['a', 'b', 'c']) {
      const times = all
        .filter((event) => event.key === key)
        .map(({ timestampMs }) => timestampMs)
        .sort((left, right) => left - right);
      let from = 0;
      times.forEach((timeMs, index) => {
        const next = times[index + 1];
        if (next !== undefined && next - timeMs <= 15) return;
        batch.set(`${key}@${times[from]}-${timeMs}`, index + 1 - from);
        from = index + 1;
      });
    }
    expect(windowsOut(driver)).toEqual(batch);
  });

  it.each(['inner', 'left', 'outer'] as const)('for an %s join of streams', (kind) => {
    const pair = (left: string | null, right: string | null): string => `${left},${right}`;
    const within = { withinMs: 0, beforeMs: 10, afterMs: 30, graceMs: 2 * DISORDER_MS, value: serdes.string };
    const { events: all, driver } = run(seed, (builder) => {
      const [left, right] = [builder.stream('left', TEXT), builder.stream('right', TEXT)];
      const joined =
        kind === 'inner'
          ? left.joinStream(right, pair, within)
          : kind === 'left'
            ? left.leftJoinStream(right, pair, within)
            : left.outerJoinStream(right, pair, within);
      joined.to('out');
    });
    const [lefts, rights] = [all.filter(({ side }) => side === 'left'), all.filter(({ side }) => side === 'right')];
    const meet = (left: Event, right: Event): boolean => {
      const laterMs = right.timestampMs - left.timestampMs;
      return left.key === right.key && laterMs >= -10 && laterMs <= 30;
    };
    const batch = lefts.flatMap((left) => rights.filter((right) => meet(left, right)).map((right) => pair(left.value, right.value)));
    if (kind !== 'inner')
      batch.push(...lefts.filter((left) => !rights.some((right) => meet(left, right))).map((left) => pair(left.value, null)));
    if (kind === 'outer')
      batch.push(...rights.filter((right) => !lefts.some((left) => meet(left, right))).map((right) => pair(null, right.value)));
    expect(
      sorted(
        driver
          .topic('out', TEXT)
          .readAll()
          .map(({ value }) => value),
      ),
    ).toEqual(sorted(batch));
  });

  it('for an outer join of tables, with rows that are removed', () => {
    const { events: all, driver } = run(seed, (builder) => {
      const side = (topic: string) =>
        builder
          .stream(topic, TEXT)
          .groupByKey()
          .aggregate<string>(
            () => '',
            (value) => (value.endsWith('3') ? null : value),
            { value: serdes.string },
          );
      side('left')
        .outerJoin(side('right'), (left, right) => `${left},${right}`, { value: serdes.string })
        .toStream()
        .to('out');
    });
    const rows = new Map<string, string>();
    for (const { side, key, value } of all) rows.set(`${side}${key}`, value.endsWith('3') ? 'null' : value);
    const last = new Map(driver.topic('out', TEXT).readPairs());
    for (const key of ['a', 'b', 'c']) {
      const [left, right] = [rows.get(`left${key}`) ?? 'null', rows.get(`right${key}`) ?? 'null'];
      expect(last.get(key) ?? null).toBe(left === 'null' && right === 'null' ? null : `${left},${right}`);
    }
  });
});
