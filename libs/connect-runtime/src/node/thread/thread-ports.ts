import type { Clock, LogFields, Logger, Scheduler } from '@moldau/kernel';
import { say } from './thread-port.ts';

export const threadClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
};

export const threadScheduler: Scheduler = {
  nextTurn: (callback) => void setImmediate(callback),
  after(delayMs, callback, options) {
    const timer = setTimeout(callback, delayMs);
    if (options?.background === true) timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
};

/** Lines go to the worker's log; what can't cross as it is goes as text. */
export function threadLogger(bound: LogFields = {}): Logger {
  const write =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (message: string, fields: LogFields = {}): void =>
      say({ t: 'log', level, message, fields: plain({ ...bound, ...fields }) });
  return {
    trace: () => {},
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    fatal: write('error'),
    child: (fields) => threadLogger({ ...bound, ...fields }),
  };
}

function plain(fields: LogFields): Readonly<Record<string, unknown>> {
  const entries = Object.entries(fields).map(([name, value]) => [name, value instanceof Error ? value.message : simple(value)] as const);
  return Object.fromEntries(entries);
}

function simple(value: unknown): unknown {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : JSON.stringify(value);
}

/** Resolves after so long, or at once when the signal aborts. */
export function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, delayMs);
    signal.addEventListener('abort', done, { once: true });
  });
}
