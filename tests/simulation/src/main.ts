import { MUTATIONS } from './mutation/mutations.ts';
import { Recorder } from './results/recorder.ts';
import { type Arguments, parseArguments, USAGE } from './run/arguments.ts';
import { findMutation, showsIn } from './run/find-mutation.ts';
import { InOrder } from './run/in-order.ts';
import { type FoundMutation, publish } from './run/mutation-table.ts';
import { runMany, SHARE } from './run/run-many.ts';
import type { RunOptions } from './run/run-seed.ts';
import { runShare, runWatched } from './run/seed-process.ts';
import { addReport, describeBroken, describeProgress, describeTotals, newTotals, type SeedReport } from './run/seed-report.ts';

/**
 * `npm run test:simulation`: whole clusters in virtual time, each from its seed. Prints how to replay a run that found
 * something, and ends with status 1.
 */

/** Between two lines of progress, in ms. */
const PROGRESS_MS = 15_000;

/** Seeds after which results are written; when it is stopped, what was not written yet is written then. */
const SEEDS_PER_WRITE = 100;

/** Signals that end a campaign early, with the status that a shell gives to each. */
const ENDINGS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function optionsOf({ mutation, brokers, factor, groups, large, trace }: Arguments): RunOptions {
  const scenario = {
    ...(brokers === undefined ? {} : { brokers }),
    ...(factor === undefined ? {} : { factor }),
    ...(groups ? { groups } : {}),
    ...(large ? { large } : {}),
  };
  return { mutation, readable: trace, scenario };
}

/** The arguments that a replay needs besides its seed. */
function replayArguments({ mutation, brokers, factor, groups, large }: Arguments): readonly string[] {
  return [
    ...(mutation === undefined ? [] : [`--mutation=${mutation.name}`]),
    ...(brokers === undefined ? [] : [`--brokers=${brokers}`]),
    ...(factor === undefined ? [] : [`--factor=${factor}`]),
    ...(groups ? ['--groups'] : []),
    ...(large ? ['--large'] : []),
  ];
}

async function one(given: Arguments): Promise<number> {
  const result = await runWatched(given.from, optionsOf(given));
  for (const line of result.lines) print(line);
  const totals = newTotals();
  addReport(totals, result);
  print(describeTotals(totals));
  if (result.findings.length > 0) print(describeBroken(result, replayArguments(given)));
  if (given.traceHash) print(result.hash);
  return result.findings.length > 0 ? 1 : 0;
}

async function many(given: Arguments): Promise<number> {
  const { from, seeds, workers, write } = given;
  const more = replayArguments(given);
  const end = from + seeds;
  const recorder = write ? new Recorder({ from, to: end - 1, options: more.join(' ') }) : undefined;
  const totals = newTotals();
  let unwritten = 0;
  const inOrder = new InOrder<SeedReport>(from, (one) => {
    recorder?.note(one);
    if (++unwritten < SEEDS_PER_WRITE) return;
    unwritten = 0;
    recorder?.write();
  });
  const report = (one: SeedReport): void => {
    addReport(totals, one);
    if (one.findings.length > 0) print(describeBroken(one, more));
    inOrder.put(one.seed, one);
  };
  const startedAt = performance.now();
  const progress = setInterval(() => print(describeProgress(totals, seeds, performance.now() - startedAt)), PROGRESS_MS);
  const endEarly = (signal: keyof typeof ENDINGS): void => {
    recorder?.write();
    print(`stopped after ${totals.runs} of ${seeds} runs`);
    process.exit(ENDINGS[signal]);
  };
  for (const signal of Object.keys(ENDINGS)) process.once(signal, endEarly);
  try {
    await runMany({ from, seeds, workers, more, report });
  } finally {
    clearInterval(progress);
    recorder?.write();
  }
  print(describeTotals(totals));
  print(
    totals.broken === 0
      ? `no run of ${totals.runs} lost, repeated, reordered or altered a record`
      : `${totals.broken} runs found something`,
  );
  return totals.broken === 0 ? 0 : 1;
}

async function allMutations({ from, seeds: limit, mutation: only, write }: Arguments): Promise<number> {
  const found: FoundMutation[] = [];
  const wanted = only === undefined ? MUTATIONS : [only];
  for (const mutation of wanted) {
    const result = await findMutation(mutation, from, limit);
    if (result === undefined) {
      print(`${mutation.name}: not found in ${limit} seeds`);
      continue;
    }
    const shown = result.findings.filter((finding) => showsIn(mutation, finding));
    const seeds = result.seed - from + 1;
    found.push({ mutation, seeds, findings: [...new Set(shown.map(({ name }) => name))] });
    print(`${mutation.name}: ${seeds} seeds, ${shown[0]?.name}: ${shown[0]?.detail}`);
  }
  if (write && from === 1) publish(found);
  return found.length === wanted.length ? 0 : 1;
}

async function main(): Promise<number> {
  const [first, ...more] = process.argv.slice(2);
  const share = first === SHARE;
  const given = parseArguments(share ? more : process.argv.slice(2));
  if (given === undefined) {
    process.stderr.write(USAGE);
    return 2;
  }
  if (share) {
    await runShare(optionsOf(given));
    return 0;
  }
  if (given.mutations) return allMutations(given);
  return given.single ? one(given) : many(given);
}

// What a finished simulation leaves of processes and promises keeps nothing alive.
process.exitCode = await main();
