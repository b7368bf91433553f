import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Airport } from './airport.ts';
import type { Flight } from './flight.ts';

/** The package exports its code alone; the data lies beside it. */
const DATA = join(dirname(fileURLToPath(import.meta.resolve('vega-datasets'))), '../data');

/** The first flights of those that the quickstart writes, by departure. */
export function readFlights(count: number): readonly Flight[] {
  const flights = JSON.parse(readFileSync(join(DATA, 'flights-20k.json'), 'utf8')) as readonly Flight[];
  return flights.slice(0, count);
}

/** Airports by IATA code. Names with commas are quoted. */
export function readAirports(): ReadonlyMap<string, Airport> {
  const [, ...lines] = readFileSync(join(DATA, 'airports.csv'), 'utf8').trim().split('\n');
  return new Map(
    lines.map((line) => {
      const [code = '', name = '', city = '', state = ''] = [...line.matchAll(/("[^"]*"|[^,]*)(?:,|$)/g)].map(([, cell = '']) =>
        cell.replaceAll('"', ''),
      );
      return [code, { name, city, state }];
    }),
  );
}
