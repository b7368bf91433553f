import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { SeedReport } from './seed-report.ts';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));

/** Makes `main.ts` a process of `runMany`: seeds come as messages, reports go back as messages. */
export const SHARE = '--share';

/**
 * Seeds that a process has been given and has not reported: the one that it runs, and the next, so that it never waits for
 * its parent.
 */
const SEEDS_AHEAD = 2;

/**
 * A run makes much and keeps little. Young objects that die before the first collection cost nothing, so there is more room
 * for them than usual, in MiB. What an error's stack says is of use only where one seed is looked at, and is then kept. The
 * code is wide and each part of it runs seldom: it is compiled at its first call, and never forgotten.
 */
const NODE_FLAGS = ['--max-semi-space-size=64', '--stack-trace-limit=0', '--always-sparkplug', '--no-flush-bytecode'];

export interface ManyOptions {
  readonly from: number;
  readonly seeds: number;
  readonly workers: number;
  /** Arguments handed on to each process. */
  readonly more: readonly string[];
  /** Told of each run when it has ended: not always in the order of the seeds. */
  report(report: SeedReport): void;
}

/**
 * Runs many seeds in several processes, each of which takes the next seed when it has ended one. They stay for all of them:
 * the first dozens of runs of a process take twice the time of later ones. Rejects when one of them dies.
 */
export async function runMany({ from, seeds, workers, more, report }: ManyOptions): Promise<void> {
  const end = from + seeds;
  let next = from;
  const children: ChildProcess[] = [];
  const stop = (): void => {
    for (const child of children) child.kill('SIGKILL');
  };
  const runOne = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const child = fork(MAIN, [SHARE, ...more], { stdio: 'inherit', execArgv: [...process.execArgv, ...NODE_FLAGS] });
      children.push(child);
      let given = 0;
      const give = (): void => {
        while (given < SEEDS_AHEAD && next < end) {
          child.send(next++);
          given++;
        }
        if (given === 0 && child.connected) child.disconnect();
      };
      child.on('message', (message) => {
        given--;
        report(message as SeedReport);
        give();
      });
      child.once('error', reject);
      child.once('exit', (code, signal) => {
        if (code === 0 && given === 0) resolve();
        else reject(new Error(`a process of the simulation ended with ${signal ?? code}`));
      });
      give();
    });
  process.once('exit', stop);
  try {
    await Promise.all(Array.from({ length: Math.min(workers, seeds) }, runOne));
  } finally {
    stop();
    process.off('exit', stop);
  }
}
