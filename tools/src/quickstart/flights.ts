import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A flight of flights-20k.json. */
export interface Flight {
  readonly date: string;
  /** Minutes late; negative when early. */
  readonly delay: number;
  /** Miles. */
  readonly distance: number;
  readonly origin: string;
  readonly destination: string;
}

/** A flight of flights-200k.json. */
export interface ShortFlight {
  readonly delay: number;
  readonly distance: number;
  readonly time: number;
}

/** The package exports its code alone; the data lies beside it. */
const DATA = join(dirname(fileURLToPath(import.meta.resolve('vega-datasets'))), '../data');

export function readFlights(): Promise<readonly Flight[]> {
  return read('flights-20k.json');
}

export function readShortFlights(): Promise<readonly ShortFlight[]> {
  return read('flights-200k.json');
}

async function read<Row>(file: string): Promise<readonly Row[]> {
  return JSON.parse(await readFile(join(DATA, file), 'utf8')) as readonly Row[];
}
