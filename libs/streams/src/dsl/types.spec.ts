import { serdes } from '@moldau/client/serdes';
import { describe, expectTypeOf, it } from 'vitest';
import { createStreamsBuilder, type GroupedStream, type RecordStream, type Table, type Windowed, windows } from '../index.ts';
import { TEXT } from '../testing/text-topic.ts';

interface Flight {
  readonly origin: string;
  readonly delay: number;
}

const FLIGHTS = { key: serdes.int64, value: serdes.json<Flight>() } as const;

/** What stands here is checked by the compiler; a wrong type that compiles fails `npm run typecheck`. */
describe('types', () => {
  const builder = createStreamsBuilder();
  const flights = builder.stream('flights', FLIGHTS);
  const airports = builder.table('airports', TEXT);

  it('follow keys and values through operators', () => {
    expectTypeOf(flights).toEqualTypeOf<RecordStream<bigint | null, Flight>>();
    expectTypeOf(flights.mapValues((flight) => flight.delay)).toEqualTypeOf<RecordStream<bigint | null, number>>();
    expectTypeOf(flights.selectKey((flight) => flight.origin)).toEqualTypeOf<RecordStream<string, Flight>>();
    expectTypeOf(flights.groupByKey()).toEqualTypeOf<GroupedStream<bigint, Flight>>();
    const perHour = flights
      .groupBy((flight) => flight.origin, { key: serdes.string })
      .windowedBy(windows.tumbling({ sizeMs: 3_600_000 }))
      .count();
    expectTypeOf(perHour).toEqualTypeOf<Table<Windowed<string>, number>>();
    expectTypeOf(perHour.toStream()).toEqualTypeOf<RecordStream<Windowed<string>, number | null>>();
  });

  it('follow from the serdes of a source, whatever its timestamps come from', () => {
    const timed = builder.stream('timed', { ...FLIGHTS, timestamp: (flight, key) => flight.delay + Number(key) });
    expectTypeOf(timed).toEqualTypeOf<RecordStream<bigint | null, Flight>>();
    const delayOf = (flight: Flight): number => flight.delay;
    expectTypeOf(builder.stream('late', { ...FLIGHTS, timestamp: delayOf })).toEqualTypeOf<RecordStream<bigint | null, Flight>>();
    // @ts-expect-error: the function takes text, the values are flights
    builder.stream('wrong', { ...FLIGHTS, timestamp: (text: string) => text.length });
  });

  it('refuse wrong keys, values and serdes', () => {
    const byOrigin = flights.selectKey((flight) => flight.origin, { key: serdes.string });
    // @ts-expect-error: a flight's origin is text
    flights.mapValues((flight): number => flight.origin);
    // @ts-expect-error: values are flights, not text
    flights.to('out', { value: serdes.string });
    // @ts-expect-error: keys are bigint, not text
    flights.to('out', { key: serdes.string });
    // @ts-expect-error: the table's keys are text, the stream's are bigint
    flights.join(airports, (flight, airport) => flight.origin + airport);
    byOrigin.groupByKey().aggregate(
      () => '',
      (flight, _key, held: string) => held + flight.origin,
      // @ts-expect-error: an aggregate of text can't be written as a double
      { value: serdes.double },
    );
    // @ts-expect-error: a left join may find no airport
    byOrigin.leftJoin(airports, (_flight, airport) => airport.length);
    // @ts-expect-error: tables of one kind of key only
    airports.join(builder.table('numbers', FLIGHTS), (left) => left);
  });
});
