import { serdes } from '@moldau/client/serdes';
import { createTestDriver, integerSerde, type StreamsApplication, type TestDriver, type Windowed, windowedSerde } from '@moldau/streams';
import { describe, expect, it } from 'vitest';
import type { Airport } from './airport.ts';
import * as busyTimes from './busy-times.ts';
import { departureMs, type Flight } from './flight.ts';
import { readAirports, readFlights } from './flight-data.ts';
import type { NamedFlight } from './flights-with-airports.ts';
import * as flightsWithAirports from './flights-with-airports.ts';
import * as meanDelay from './mean-delay.ts';
import * as topDelays from './top-delays.ts';

const DAY_MS = 86_400_000;
const FLIGHTS = readFlights(3_000);
const LAST_MS = Math.max(...FLIGHTS.map(departureMs));
const WINDOWED_KEY = windowedSerde(serdes.string);

/** Runs all flights through, and lets the last windows close. */
function run({ application }: { readonly application: StreamsApplication }, prepare: (driver: TestDriver) => void = () => {}): TestDriver {
  const driver = createTestDriver(application, { commitEach: false });
  prepare(driver);
  const flights = driver.topic('flights', { key: serdes.string, value: serdes.json<Flight>() });
  for (const flight of FLIGHTS) flights.pipe(flight.origin, flight);
  driver.commit();
  driver.advanceStreamTime(LAST_MS + 3 * DAY_MS);
  driver.commit();
  return driver;
}

/** What a topic of windowed results holds, by key and window. */
function windowed<V>(driver: TestDriver, topic: string, value: Parameters<typeof driver.topic<Windowed<string>, V>>[1]['value']): unknown {
  const rows = driver.topic<Windowed<string>, V>(topic, { key: WINDOWED_KEY, value }).readAll();
  return rows.map(({ key, value: result }) => [nameOf(key?.key, key?.window), result] as const).sort(byName);
}

function nameOf(key: string | undefined, window: { readonly startMs: number; readonly endMs: number } | undefined): string {
  return `${key} ${window?.startMs}–${window?.endMs}`;
}

function byName([left]: readonly [string, unknown], [right]: readonly [string, unknown]): number {
  return left < right ? -1 : 1;
}

function groups(keyOf: (flight: Flight) => string): ReadonlyMap<string, readonly Flight[]> {
  return Map.groupBy(FLIGHTS, keyOf);
}

function dayOf(flight: Flight): { readonly startMs: number; readonly endMs: number } {
  const startMs = Math.floor(departureMs(flight) / DAY_MS) * DAY_MS;
  return { startMs, endMs: startMs + DAY_MS };
}

describe('an application over the flights gives what a batch computation gives', () => {
  it('mean delay of each origin and day', () => {
    const expected = [...groups((flight) => nameOf(flight.origin, dayOf(flight)))].map(
      ([name, flights]) => [name, flights.reduce((sum, { delay }) => sum + delay, 0) / flights.length] as const,
    );
    expect(expected.length).toBeGreaterThan(500);
    expect(windowed(run(meanDelay), 'mean-delays', serdes.json<number>())).toEqual(expected.sort(byName));
  });

  it('flights joined with their airports', () => {
    const airports = readAirports();
    const driver = run(flightsWithAirports, (started) => {
      const topic = started.topic('airports', { key: serdes.string, value: serdes.json<Airport>() });
      for (const [code, airport] of airports) topic.pipe(code, airport);
    });
    const expected = FLIGHTS.map((flight) => ({
      ...flight,
      from: airports.get(flight.origin)?.name ?? null,
      to: airports.get(flight.destination)?.name ?? null,
    }));
    expect(expected.filter(({ from }) => from !== null).length).toBeGreaterThan(2_900);
    const results = driver.topic('flights-with-airports', { key: serdes.string, value: serdes.json<NamedFlight>() }).readPairs();
    expect(results.map(([, flight]) => flight)).toEqual(expected);
  });

  it('busy times of each origin', () => {
    const expected: (readonly [string, number])[] = [];
    for (const [origin, flights] of groups((flight) => flight.origin)) {
      let [startMs, endMs, count] = [Number.NaN, Number.NEGATIVE_INFINITY, 0];
      for (const timeMs of flights.map(departureMs)) {
        if (timeMs - endMs > 2 * 3_600_000) {
          if (count > 0) expected.push([nameOf(origin, { startMs, endMs }), count]);
          [startMs, count] = [timeMs, 0];
        }
        [endMs, count] = [timeMs, count + 1];
      }
      expected.push([nameOf(origin, { startMs, endMs }), count]);
    }
    expect(Math.max(...expected.map(([, count]) => count))).toBeGreaterThan(5);
    expect(windowed(run(busyTimes), 'busy-times', integerSerde)).toEqual(expected.sort(byName));
  });

  it('the ten most delayed flights of each day', () => {
    const expected = [...groups((flight) => nameOf('all', dayOf(flight)))].map(
      ([name, flights]) => [name, flights.toSorted((left, right) => right.delay - left.delay).slice(0, 10)] as const,
    );
    expect(expected.length).toBeGreaterThan(10);
    expect(windowed(run(topDelays), 'top-delays', serdes.json<readonly Flight[]>())).toEqual(expected.sort(byName));
  });
});
