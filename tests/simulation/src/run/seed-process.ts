import { type RunOptions, type RunResult, runSeed } from './run-seed.ts';
import type { SeedReport } from './seed-report.ts';

/** Runs a seed, and counts what escapes from it: a rejection that nobody handles would end a real process. */
export async function runWatched(seed: number, options: RunOptions): Promise<RunResult & SeedReport> {
  const escaped: unknown[] = [];
  const catchIt = (error: unknown): void => void escaped.push(error);
  process.on('unhandledRejection', catchIt);
  const before = process.cpuUsage();
  try {
    const result = await runSeed(seed, options);
    const { user, system } = process.cpuUsage(before);
    const findings = [
      ...result.findings,
      ...escaped.map((error) => ({
        name: 'unhandled-rejection',
        detail: error instanceof Error ? (error.stack ?? error.message) : String(error),
      })),
    ];
    return { ...result, findings, factor: result.scenario.factor, cpuMs: (user + system) / 1000 };
  } finally {
    process.off('unhandledRejection', catchIt);
  }
}

/** A child process of `runMany`: every seed of its arguments `from seeds step` in turn, one report each. */
export async function runShare(from: number, to: number, step: number, options: RunOptions): Promise<void> {
  for (let seed = from; seed < to; seed += step) {
    const { lines: _, scenario: __, ...report } = await runWatched(seed, options);
    process.send?.(report satisfies SeedReport);
  }
  process.disconnect();
}
