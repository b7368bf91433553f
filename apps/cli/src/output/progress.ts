import { Presets, SingleBar } from 'cli-progress';
import type { Terminal } from '../terminal.ts';

export interface Progress {
  /** How many are done by now. */
  update(done: number): void;
  stop(): void;
}

const SILENT: Progress = { update: () => {}, stop: () => {} };

/** A bar on a terminal, nothing in a pipe. */
export function createProgress(terminal: Terminal, what: string, total: number): Progress {
  if (!terminal.interactive) return SILENT;
  const bar = new SingleBar(
    { format: `${what} {bar} {percentage} % | {value}/{total} | {speed}/s`, hideCursor: true, clearOnComplete: false, etaBuffer: 50 },
    Presets.shades_classic,
  );
  const startedAt = performance.now();
  bar.start(total, 0, { speed: '0' });
  return {
    update(done): void {
      const seconds = (performance.now() - startedAt) / 1000;
      bar.update(done, { speed: Math.round(done / Math.max(seconds, 0.001)).toLocaleString('en') });
    },
    stop: () => bar.stop(),
  };
}
