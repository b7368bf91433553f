import { serdes } from '@moldau/client/serdes';
import { defineApplication, windows } from '@moldau/streams';
import { flightSource } from './flight.ts';

interface Sum {
  readonly flights: number;
  readonly minutes: number;
}

/** Mean delay of the departures of each airport, day by day: one result per airport and day, when the day is over. */
export const application = defineApplication({
  name: 'mean-delay',
  version: '1',
  build(topology) {
    topology
      .stream('flights', flightSource)
      .groupBy((flight) => flight.origin, { name: 'by-origin', key: serdes.string })
      .windowedBy(windows.tumbling({ sizeMs: 86_400_000, graceMs: 3_600_000 }))
      .aggregate<Sum>(
        () => ({ flights: 0, minutes: 0 }),
        (flight, _origin, sum) => ({ flights: sum.flights + 1, minutes: sum.minutes + flight.delay }),
        { name: 'delays', value: serdes.json<Sum>() },
      )
      .untilWindowCloses({ name: 'whole-days' })
      .mapValues((sum) => sum.minutes / sum.flights, { value: serdes.json<number>() })
      .toStream()
      .to('mean-delays');
  },
});
