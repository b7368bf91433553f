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

/**
 * A process of `runMany`: runs the seed of each message in turn, and answers with its report. Ends when its parent lets it
 * go, or is gone; an interrupt is the parent's to handle.
 */
export async function runShare(options: RunOptions): Promise<void> {
  process.on('SIGINT', () => {});
  let last = Promise.resolve();
  process.on('message', (seed: number) => {
    last = last.then(async () => {
      const { lines: _, scenario: __, ...report } = await runWatched(seed, options);
      process.send?.(report satisfies SeedReport);
    });
    last.catch((error: unknown) => {
      process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
      process.exit(1);
    });
  });
  await new Promise((resolve) => process.once('disconnect', resolve));
  // Not by waiting for a run that nobody asks for any more.
  process.exit(0);
}
