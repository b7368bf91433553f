import { serdes } from '@moldau/client/serdes';
import { defineApplication, windows } from '@moldau/streams';
import { type Flight, flightSource } from './flight.ts';

const PLACES = 10;

/** The ten most delayed flights of each day, whatever airport they left. */
export const application = defineApplication({
  name: 'top-delays',
  version: '1',
  build(topology) {
    topology
      .stream('flights', flightSource)
      .groupBy(() => 'all', { name: 'together', key: serdes.string })
      .windowedBy(windows.tumbling({ sizeMs: 86_400_000, graceMs: 3_600_000 }))
      .aggregate<readonly Flight[]>(
        () => [],
        (flight, _all, top) => withFlight(top, flight),
        { name: 'top', value: serdes.json<readonly Flight[]>() },
      )
      .untilWindowCloses({ name: 'whole-days' })
      .toStream()
      .to('top-delays');
  },
});

/** Flights of one delay keep the order in which they came. */
function withFlight(top: readonly Flight[], flight: Flight): readonly Flight[] {
  const last = top.at(-1);
  if (top.length === PLACES && last !== undefined && last.delay >= flight.delay) return top;
  const place = top.findIndex(({ delay }) => delay < flight.delay);
  return place === -1 ? [...top, flight] : [...top.slice(0, place), flight, ...top.slice(place, PLACES - 1)];
}
