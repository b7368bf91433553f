import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import type { Mutation } from '../mutation/mutation.ts';
import { MUTATIONS } from '../mutation/mutations.ts';

export const USAGE = `usage: npm run test:simulation -- [--seeds N] [--from S] [--workers N]
       npm run test:simulation -- --seed S [--trace] [--trace-hash]
       npm run test:simulation -- --mutations [--seeds N] [--write]
  --seeds N         so many seeds, default 200
  --from S          beginning with this one, default 1
  --seed S          only this one
  --trace           what happened, line by line
  --trace-hash      ends with a hash over all that happened
  --mutation NAME   with this known bug switched on
  --mutations       each known bug, until a seed finds it, or the one that --mutation names
  --brokers N       instead of as many as the seed says
  --factor N        replicas of each partition, instead of as many as the seed says
  --groups          with groups and transactions, which else only a share of the seeds has
  --large           with many of everything, as only one of twenty seeds has it
  --write           note the results in docs/simulation-results.json and docs/reliability.md;
                    with --mutations the seeds in docs/simulation.md
  --workers N       processes at once, default as many as there are cores
`;

/** What the command line asks for. */
export interface Arguments {
  readonly from: number;
  readonly seeds: number;
  /** One seed, to be looked at. */
  readonly single: boolean;
  readonly trace: boolean;
  readonly traceHash: boolean;
  readonly mutation: Mutation | undefined;
  readonly mutations: boolean;
  readonly brokers: number | undefined;
  readonly factor: number | undefined;
  readonly groups: boolean;
  readonly large: boolean;
  readonly workers: number;
  /** Note the results. */
  readonly write: boolean;
}

const SEEDS_DEFAULT = 200;

/** Undefined when they make no sense. */
export function parseArguments(given: readonly string[]): Arguments | undefined {
  try {
    const { values } = parseArgs({
      args: [...given],
      options: {
        seeds: { type: 'string' },
        from: { type: 'string' },
        seed: { type: 'string' },
        trace: { type: 'boolean' },
        'trace-hash': { type: 'boolean' },
        mutation: { type: 'string' },
        mutations: { type: 'boolean' },
        brokers: { type: 'string' },
        factor: { type: 'string' },
        groups: { type: 'boolean' },
        large: { type: 'boolean' },
        workers: { type: 'string' },
        write: { type: 'boolean' },
      },
    });
    const mutation = MUTATIONS.find(({ name }) => name === values.mutation);
    if (values.mutation !== undefined && mutation === undefined) return undefined;
    return {
      from: wholeNumber(values.seed ?? values.from ?? '1', 0),
      seeds: values.seed === undefined ? wholeNumber(values.seeds ?? String(SEEDS_DEFAULT), 1) : 1,
      single: values.seed !== undefined,
      trace: values.trace ?? false,
      traceHash: values['trace-hash'] ?? false,
      mutation,
      mutations: values.mutations ?? false,
      brokers: values.brokers === undefined ? undefined : wholeNumber(values.brokers, 1),
      factor: values.factor === undefined ? undefined : wholeNumber(values.factor, 1),
      groups: values.groups ?? false,
      large: values.large ?? false,
      workers: wholeNumber(values.workers ?? String(availableParallelism()), 1),
      write: values.write ?? false,
    };
  } catch {
    return undefined;
  }
}

function wholeNumber(text: string, min: number): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < min) throw new Error(`${text} is not a whole number of at least ${min}`);
  return value;
}
