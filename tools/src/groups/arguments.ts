import { parseArgs } from 'node:util';

export interface DemoArguments {
  /** At most; the data set has 20,000. */
  readonly flights: number;
  readonly flightsPerSecond: number;
  /** One process in place of a cluster. */
  readonly standalone: boolean;
  readonly json: boolean;
}

export const USAGE = `usage: npm run demo:groups -- [--flights N] [--rate FLIGHTS/S] [--standalone] [-o json]

  Flights are published at a steady rate, three members of a group count them by origin in transactions. One member is killed,
  another joins; at the end every flight must be counted exactly once.

  --flights N    how many flights; default 20000, which is all of them
  --rate N       flights a second that are published; default 2000
  --standalone   one process in place of 3 brokers, 2 coordinators and etcd
  -o json        at the end one JSON document on the standard output, the rest on the standard error
`;

const FLIGHTS_MAX = 20_000;
/** Members must be killed and join while there is something to count. */
const FLIGHTS_MIN = 100;
const RATE_MAX = 20_000;

/** The arguments, or undefined when they are wrong. */
export function parseArguments(argv: readonly string[]): DemoArguments | undefined {
  const values = valuesOf(argv);
  if (values === undefined) return undefined;
  const flights = integer(values.flights, FLIGHTS_MAX, { min: FLIGHTS_MIN, max: FLIGHTS_MAX });
  const flightsPerSecond = integer(values.rate, 2_000, { min: 1, max: RATE_MAX });
  const output = values.output ?? 'text';
  if (flights === undefined || flightsPerSecond === undefined || !['text', 'json'].includes(output)) return undefined;
  return { flights, flightsPerSecond, standalone: values.standalone === true, json: output === 'json' };
}

function valuesOf(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        flights: { type: 'string' },
        rate: { type: 'string' },
        standalone: { type: 'boolean' },
        output: { type: 'string', short: 'o' },
      },
    }).values;
  } catch {
    return undefined;
  }
}

function integer(
  text: string | undefined,
  otherwise: number,
  { min, max }: { readonly min: number; readonly max: number },
): number | undefined {
  const value = text === undefined ? otherwise : Number(text);
  return Number.isSafeInteger(value) && value >= min && value <= max ? value : undefined;
}
