import { parseArgs } from 'node:util';
import { FAULTS, type Fault } from '@moldau/harness';

export interface DemoArguments {
  readonly faults: readonly Fault[];
  readonly recordsPerSecond: number;
  readonly outageMs: number;
  readonly json: boolean;
}

export const USAGE = `usage: npm run demo:failover -- [--rounds N] [--fault NAME]… [--rate RECORDS/S] [--outage SECONDS] [-o json]

  --rounds N        faults, one after the other; default 10
  --fault NAME      only this one, may be repeated: ${FAULTS.join(', ')};
                    default: kill every other time, the others at random between
  --rate N          records a second; default 1000
  --outage SECONDS  how long etcd is away and a paused broker sleeps; default 10
  -o json           at the end one JSON document on the standard output, the rest on the standard error
`;

const ROUNDS_MAX = 10_000;
const RATE_MAX = 20_000;
const OUTAGE_SECONDS_MAX = 600;

/** The arguments, or undefined when they are wrong. */
export function parseArguments(argv: readonly string[], random: () => number = Math.random): DemoArguments | undefined {
  const values = valuesOf(argv);
  if (values === undefined) return undefined;
  const chosen = (values.fault ?? []).map((name) => FAULTS.find((fault) => fault === name));
  const named = chosen.filter((fault) => fault !== undefined);
  const rounds = integer(values.rounds, 10, ROUNDS_MAX);
  const recordsPerSecond = integer(values.rate, 1_000, RATE_MAX);
  const outage = integer(values.outage, 10, OUTAGE_SECONDS_MAX);
  const output = values.output ?? 'text';
  if (named.length !== chosen.length || !['text', 'json'].includes(output)) return undefined;
  if (rounds === undefined || recordsPerSecond === undefined || outage === undefined) return undefined;
  const pick = (faults: readonly Fault[]): Fault => faults[Math.floor(random() * faults.length)] ?? 'kill';
  const others = FAULTS.filter((fault) => fault !== 'kill');
  const faults = Array.from({ length: rounds }, (_, round): Fault => {
    if (named.length > 0) return named[round % named.length] ?? 'kill';
    return round % 2 === 0 ? 'kill' : pick(others);
  });
  return { faults, recordsPerSecond, outageMs: outage * 1_000, json: output === 'json' };
}

function valuesOf(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        rounds: { type: 'string' },
        fault: { type: 'string', multiple: true },
        rate: { type: 'string' },
        outage: { type: 'string' },
        output: { type: 'string', short: 'o' },
      },
    }).values;
  } catch {
    return undefined;
  }
}

function integer(text: string | undefined, otherwise: number, limit: number): number | undefined {
  const value = text === undefined ? otherwise : Number(text);
  return Number.isSafeInteger(value) && value >= 1 && value <= limit ? value : undefined;
}
