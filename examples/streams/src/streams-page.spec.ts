import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { serdes } from '@moldau/client/serdes';
import { createTestDriver, defineApplication, integerSerde, keyValueStore, type Windowed, windowedSerde, windows } from '@moldau/streams';
import { describe, expect, it } from 'vitest';

const PAGE = join(import.meta.dirname, '../../../docs/streams.md');
const SOURCE = join(import.meta.dirname, 'streams-page.spec.ts');
const TEXT = { key: serdes.string, value: serdes.string };

interface Flight {
  readonly origin: string;
  readonly delay: number;
  readonly timeMs: number;
}

interface Order {
  readonly customer: string;
}

interface Payment {
  readonly amount: number;
}

interface PaidOrder extends Order {
  readonly paid: number;
}

function checked(reading: number): number {
  if (reading < 0) throw new RangeError(`${reading} is below 0`);
  if (reading > 100) throw new Error(`${reading} is above 100`);
  return reading;
}

// example: counting
const counting = defineApplication({
  name: 'flights-per-origin',
  version: '1',
  build(topology) {
    topology
      .stream('flights', { key: serdes.string, value: serdes.json<Flight>() })
      .filter((flight) => flight.delay > 0)
      .groupBy((flight) => flight.origin, { name: 'by-origin', key: serdes.string })
      .count({ name: 'late-flights' })
      .toStream()
      .to('late-flights-per-origin');
  },
});
// end

// example: daily
const daily = defineApplication({
  name: 'daily-delays',
  version: '1',
  build(topology) {
    topology
      .stream('flights', { key: serdes.string, value: serdes.json<Flight>(), timestamp: (flight) => flight.timeMs })
      .groupBy((flight) => flight.origin, { name: 'by-origin', key: serdes.string })
      .windowedBy(windows.tumbling({ sizeMs: 86_400_000, graceMs: 3_600_000 }))
      .reduce((left, right) => (left.delay >= right.delay ? left : right), { name: 'worst' })
      .untilWindowCloses({ name: 'whole-days' })
      .toStream()
      .to('worst-of-the-day');
  },
});
// end

// example: joined
const joined = defineApplication({
  name: 'paid-orders',
  version: '1',
  build(topology) {
    const orders = topology.stream('orders', { key: serdes.string, value: serdes.json<Order>() });
    const payments = topology.stream('payments', { key: serdes.string, value: serdes.json<Payment>() });
    const customers = topology.globalTable('customers', { name: 'customers', key: serdes.string, value: serdes.string });
    orders
      .leftJoinStream(payments, (order, payment) => ({ ...order, paid: payment?.amount ?? 0 }), {
        name: 'payments-of-orders',
        withinMs: 3_600_000,
        value: serdes.json<PaidOrder>(),
      })
      .joinGlobal(
        customers,
        (order) => order.customer,
        (order, name) => `${name}: ${order.paid}`,
        { value: serdes.string },
      )
      .to('paid-orders');
  },
});
// end

// example: silent
const LAST_SEEN = keyValueStore({ name: 'last-seen', key: serdes.string, value: integerSerde });

const silent = defineApplication({
  name: 'silent-sensors',
  version: '1',
  build(topology) {
    topology
      .stream('readings', { key: serdes.string, value: serdes.double })
      .process<string, number>(
        (context) => {
          const lastSeen = context.store(LAST_SEEN);
          context.schedule({ everyMs: 60_000, time: 'stream' }, (nowMs) => {
            for (const [sensor, { value: seenMs }] of lastSeen.entries()) if (nowMs - seenMs > 600_000) context.forward(sensor, seenMs);
          });
          return (_reading, sensor, record) => {
            if (sensor !== null) lastSeen.put(sensor, record.timestampMs, record.timestampMs);
          };
        },
        { name: 'watch', stores: [LAST_SEEN], key: serdes.string, value: integerSerde },
      )
      .to('silent-sensors');
  },
});
// end

// example: careful
const careful = defineApplication({
  name: 'careful',
  version: '1',
  settings: {
    guarantee: 'exactly_once',
    handlers: {
      deserialization: 'dead-letter',
      processing: (failure) => (failure.error.cause instanceof RangeError ? 'skip' : 'fail'),
      lateRecords: 'dead-letter',
      deadLetterTopic: 'careful.failed',
    },
  },
  build(topology) {
    topology
      .stream('readings', { key: serdes.string, value: serdes.double })
      .mapValues((reading) => checked(reading), { value: serdes.double })
      .to('checked');
  },
});
// end

describe('docs/streams.md', () => {
  it('shows the examples that are compiled and run here', () => {
    const page = readFileSync(PAGE, 'utf8');
    const shown = [...page.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code);
    const examples = [...readFileSync(SOURCE, 'utf8').matchAll(/^( *)\/\/ example: \S+\n(.*?)^\1\/\/ end$/gms)];
    expect(examples.map(([, indent = '', code = '']) => code.replaceAll(new RegExp(`^${indent}`, 'gm'), ''))).toEqual(shown);
  });

  it('closes the windows of a day an hour after it', () => {
    const driver = createTestDriver(daily);
    const flights = driver.topic('flights', { key: serdes.string, value: serdes.json<Flight>() });
    for (const [delay, timeMs] of [
      [5, 1],
      [66, 2],
      [7, 3],
    ] as const)
      flights.pipe(null, { origin: 'DTW', delay, timeMs });
    const results = driver.topic<Windowed<string>, Flight>('worst-of-the-day', {
      key: windowedSerde(serdes.string),
      value: serdes.json<Flight>(),
    });
    driver.advanceStreamTime(86_400_000 + 3_599_999);
    expect(results.readPairs()).toEqual([]);
    driver.advanceStreamTime(86_400_000 + 3_600_000);
    expect(results.readPairs()).toEqual([
      [
        { key: 'DTW', window: { startMs: 0, endMs: 86_400_000 } },
        { origin: 'DTW', delay: 66, timeMs: 2 },
      ],
    ]);
  });

  it('joins an order with its payment, or lets it go alone', () => {
    const driver = createTestDriver(joined);
    driver.topic('customers', TEXT).pipe('c', 'Smetana');
    const orders = driver.topic('orders', { key: serdes.string, value: serdes.json<Order>() });
    orders.pipe('1', { customer: 'c' }, { timestampMs: 1_000 });
    orders.pipe('2', { customer: 'c' }, { timestampMs: 1_000 });
    driver.topic('payments', { key: serdes.string, value: serdes.json<Payment>() }).pipe('1', { amount: 7 }, { timestampMs: 2_000 });
    driver.advanceStreamTime(2 * 3_600_000);
    expect(driver.topic('paid-orders', TEXT).readPairs()).toEqual([
      ['1', 'Smetana: 7'],
      ['2', 'Smetana: 0'],
    ]);
  });

  it('reports sensors that are silent', () => {
    const driver = createTestDriver(silent);
    const readings = driver.topic('readings', { key: serdes.string, value: serdes.double });
    readings.pipe('a', 1, { timestampMs: 60_000 });
    readings.pipe('b', 1, { timestampMs: 700_000 });
    expect(driver.topic('silent-sensors', { key: serdes.string, value: integerSerde }).readPairs()).toEqual([['a', 60_000]]);
  });

  it('skips, buries or stops as its handlers say', () => {
    const driver = createTestDriver(careful);
    const readings = driver.topic('readings', { key: serdes.string, value: serdes.double });
    readings.pipe('a', 7);
    readings.pipe('a', -7);
    readings.pipeBytes(Buffer.from('a'), Buffer.from('seven'));
    expect(() => readings.pipe('a', 101)).toThrow('101 is above 100');
    expect(driver.topic('checked', { key: serdes.string, value: serdes.double }).readPairs()).toEqual([['a', 7]]);
    expect(driver.topic('careful.failed', TEXT).readPairs()).toEqual([['a', 'seven']]);
  });

  it('tests an application without a broker', () => {
    // example: testing
    const driver = createTestDriver(counting);
    const flights = driver.topic('flights', { key: serdes.string, value: serdes.json<Flight>() });
    flights.pipe('1', { origin: 'DTW', delay: 66, timeMs: 0 });
    flights.pipe('2', { origin: 'DTW', delay: -3, timeMs: 0 });
    flights.pipe('3', { origin: 'DTW', delay: 5, timeMs: 0 });
    const counts = driver.topic('late-flights-per-origin', { key: serdes.string, value: integerSerde });
    expect(counts.readPairs()).toEqual([
      ['DTW', 1],
      ['DTW', 2],
    ]);
    // end
  });
});
