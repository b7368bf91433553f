import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { onStopSignals, SAME_WISH_MS } from './stop-signals.ts';

function listen(): { readonly seen: string[]; send(signal: string, atMs: number): void; uninstall(): void } {
  const process = new EventEmitter();
  const seen: string[] = [];
  let nowMs = 0;
  const { uninstall } = onStopSignals({
    process,
    first: (signal) => void seen.push(`first ${signal}`),
    again: (signal) => void seen.push(`again ${signal}`),
    now: () => nowMs,
  });
  return {
    seen,
    send(signal, atMs): void {
      nowMs = atMs;
      process.emit(signal);
    },
    uninstall,
  };
}

describe('a wish to stop', () => {
  it('that arrives several times, from the terminal and from each parent, is one', () => {
    const process = listen();
    process.send('SIGINT', 10);
    process.send('SIGINT', 11);
    process.send('SIGTERM', 10 + SAME_WISH_MS - 1);
    expect(process.seen).toEqual(['first SIGINT']);
  });

  it('that is repeated later is another, whatever its signal', () => {
    const process = listen();
    process.send('SIGINT', 10);
    process.send('SIGTERM', 10 + SAME_WISH_MS);
    expect(process.seen).toEqual(['first SIGINT', 'again SIGTERM']);
  });

  it('is no longer heard once the listeners are gone', () => {
    const process = listen();
    process.uninstall();
    process.send('SIGINT', 10);
    expect(process.seen).toEqual([]);
  });
});
