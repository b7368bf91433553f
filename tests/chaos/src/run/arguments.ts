import { parseArgs } from 'node:util';
import { SCENARIOS } from '../scenarios/all-scenarios.ts';
import type { Scenario } from '../scenarios/scenario.ts';

export const USAGE = `usage: test:chaos [--only SCENARIO]… [--rounds N] [--flush sync|async] [--seed N] [--rate N] [--long] [--write]
       test:chaos --kills N …   (the same as --only T26 --rounds N)
       test:chaos --check FOLDER
scenarios: ${SCENARIOS.map(({ name }) => name).join(', ')}
`;

export type Task =
  | { readonly kind: 'check'; readonly path: string }
  | {
      readonly kind: 'run';
      readonly scenarios: readonly Scenario[];
      /** Default: the scenario's own number. */
      readonly rounds: number | undefined;
      readonly flush: 'sync' | 'async';
      readonly seed: number;
      readonly recordsPerSecond: number | undefined;
      readonly long: boolean;
      /** Adds what was done to the checked-in results. */
      readonly write: boolean;
    };

/** What is asked for; undefined when it makes no sense. */
export function parseTask(parameters: readonly string[], seed: number): Task | undefined {
  const options = parseOptions(parameters);
  if (options === undefined) return undefined;
  if (options.check !== undefined) return { kind: 'check', path: options.check };
  const only = options.kills === undefined ? options.only : ['T26'];
  const flush = (['sync', 'async'] as const).find((mode) => mode === options.flush);
  const numbers = { rounds: whole(options.kills ?? options.rounds, 1), seed: whole(options.seed, 0), rate: whole(options.rate, 1) };
  const known = only.every((name) => SCENARIOS.some((scenario) => scenario.name === name));
  if (flush === undefined || !known || Object.values(numbers).some(Number.isNaN)) return undefined;
  return {
    kind: 'run',
    scenarios: only.length === 0 ? SCENARIOS : SCENARIOS.filter(({ name }) => only.includes(name)),
    rounds: numbers.rounds,
    flush,
    seed: numbers.seed ?? seed,
    recordsPerSecond: numbers.rate,
    long: options.long,
    write: options.write,
  };
}

function parseOptions(parameters: readonly string[]) {
  try {
    return parseArgs({
      args: [...parameters],
      options: {
        only: { type: 'string', multiple: true, default: [] },
        kills: { type: 'string' },
        rounds: { type: 'string' },
        flush: { type: 'string', default: 'sync' },
        seed: { type: 'string' },
        rate: { type: 'string' },
        long: { type: 'boolean', default: false },
        write: { type: 'boolean', default: false },
        check: { type: 'string' },
      },
    }).values;
  } catch {
    return undefined;
  }
}

/** NaN: no whole number, or too small. */
function whole(text: string | undefined, least: number): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) && value >= least && text !== '' ? value : Number.NaN;
}
