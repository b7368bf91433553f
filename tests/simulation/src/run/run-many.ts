import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { SeedReport } from './seed-report.ts';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));

export interface ManyOptions {
  readonly from: number;
  readonly seeds: number;
  readonly workers: number;
  /** Arguments handed on to each process. */
  readonly more: readonly string[];
  report(report: SeedReport): void;
}

/** Runs many seeds in several processes. Rejects when one of them dies. */
export async function runMany({ from, seeds, workers, more, report }: ManyOptions): Promise<void> {
  const count = Math.min(workers, seeds);
  const children = Array.from({ length: count }, (_, at) =>
    fork(MAIN, ['--share', String(from + at), String(from + seeds), String(count), ...more], { stdio: 'inherit' }),
  );
  const stop = (): void => {
    for (const child of children) child.kill('SIGKILL');
  };
  process.once('exit', stop);
  await Promise.all(
    children.map(
      (child) =>
        new Promise<void>((resolve, reject) => {
          child.on('message', (message) => report(message as SeedReport));
          child.once('exit', (code, signal) => {
            if (code === 0) resolve();
            else reject(new Error(`a process of the simulation ended with ${signal ?? code}`));
          });
        }),
    ),
  );
  process.off('exit', stop);
}
