import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

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

const require = createRequire(import.meta.url);

export function readFlights(): Promise<readonly Flight[]> {
  return read('flights-20k.json');
}

export function readShortFlights(): Promise<readonly ShortFlight[]> {
  return read('flights-200k.json');
}

async function read<Row>(file: string): Promise<readonly Row[]> {
  const path = require.resolve(`vega-datasets/data/${file}`);
  return JSON.parse(await readFile(path, 'utf8')) as readonly Row[];
}
