import type { Terminal } from '../terminal.ts';
import type { Progress } from './progress.ts';

const REDRAW_EVERY_MS = 200;

/** A count of unknown total that is drawn anew now and then on a terminal; nothing in a pipe. */
export function createCountNote(terminal: Terminal, what: string): Progress {
  if (!terminal.interactive) return { update: () => {}, stop: () => {} };
  let drawnAt = 0;
  let count = 0;
  const draw = (): void => terminal.draw(`\r${count.toLocaleString('en')} ${what}`);
  return {
    update(done): void {
      count = done;
      if ((done & 0xff) !== 0 || performance.now() - drawnAt < REDRAW_EVERY_MS) return;
      drawnAt = performance.now();
      draw();
    },
    stop(): void {
      draw();
      terminal.draw('\n');
    },
  };
}
