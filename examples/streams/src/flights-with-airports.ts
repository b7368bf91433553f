import { serdes } from '@moldau/client/serdes';
import { defineApplication } from '@moldau/streams';
import type { Airport } from './airport.ts';
import { type Flight, flightSource } from './flight.ts';

/** A flight with the names of its airports; null for one that is not listed. */
export interface NamedFlight extends Flight {
  readonly from: string | null;
  readonly to: string | null;
}

/** Each flight, joined with the airports it leaves and reaches. The table is small, so every task has all of it. */
export const application = defineApplication({
  name: 'flights-with-airports',
  version: '1',
  build(topology) {
    const airports = topology.globalTable('airports', { name: 'airports', key: serdes.string, value: serdes.json<Airport>() });
    topology
      .stream('flights', flightSource)
      .leftJoinGlobal(
        airports,
        (flight) => flight.origin,
        (flight, airport) => ({ ...flight, from: airport?.name ?? null }),
      )
      .leftJoinGlobal(
        airports,
        (flight) => flight.destination,
        (flight, airport): NamedFlight => ({ ...flight, to: airport?.name ?? null }),
        { value: serdes.json<NamedFlight>() },
      )
      .to('flights-with-airports', { key: serdes.string });
  },
});
