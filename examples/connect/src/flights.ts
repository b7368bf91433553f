import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A flight of flights-20k.json, numbered. */
export interface Flight {
  readonly flight: number;
  /** `2001/01/14 21:55`. */
  readonly date: string;
  /** Minutes late; negative when early. */
  readonly delay: number;
  /** Miles. */
  readonly distance: number;
  readonly origin: string;
  readonly destination: string;
}

/** The package exports its code alone; the data lies beside it. */
const DATA = join(dirname(fileURLToPath(import.meta.resolve('vega-datasets'))), '../data');
const COLUMNS = ['flight', 'date', 'delay', 'distance', 'origin', 'destination'] as const;

export async function readFlights(): Promise<readonly Flight[]> {
  const rows = JSON.parse(await readFile(join(DATA, 'flights-20k.json'), 'utf8')) as readonly Omit<Flight, 'flight'>[];
  return rows.map((row, index) => ({ flight: index + 1, ...row }));
}

/** The flights as comma-separated values with a header. */
export function csvOf(flights: readonly Flight[]): string {
  const rows = flights.map((flight) => COLUMNS.map((column) => flight[column]).join(','));
  return `${[COLUMNS.join(','), ...rows].join('\n')}\n`;
}
