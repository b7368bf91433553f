import { serdes } from '@moldau/client/serdes';
import { defineApplication, windows } from '@moldau/streams';
import { flightSource } from './flight.ts';

/** Busy times of each airport: departures that follow each other within two hours are one session, counted when it is over. */
export const application = defineApplication({
  name: 'busy-times',
  version: '1',
  build(topology) {
    topology
      .stream('flights', flightSource)
      .groupBy((flight) => flight.origin, { name: 'by-origin', key: serdes.string })
      .windowedBy(windows.session({ gapMs: 2 * 3_600_000 }))
      .count({ name: 'departures' })
      .untilWindowCloses({ name: 'whole-sessions' })
      .toStream()
      .to('busy-times');
  },
});
