/** The signals by which a process is asked to stop. */
export type StopSignal = 'SIGTERM' | 'SIGINT';

/**
 * Signals this close together are one wish. A terminal's Ctrl-C reaches every process of the group, and a launcher, npm or
 * a script above this process passes on what it got as well, so one press arrives two to four times, milliseconds apart
 * on an idle machine. A person who presses again on purpose takes longer, or presses a third time.
 */
export const SAME_WISH_MS = 500;

export interface StopSignalOptions {
  /** The process, or a fake in tests. */
  readonly process: {
    on(signal: StopSignal, listener: () => void): unknown;
    off(signal: StopSignal, listener: () => void): unknown;
  };
  /** Default: both. */
  readonly signals?: readonly StopSignal[];
  /** The first wish to stop. */
  readonly first: (signal: StopSignal) => void;
  /** Each further one: somebody is out of patience. */
  readonly again: (signal: StopSignal) => void;
  /** Monotonic time in ms; default the process's own. */
  readonly now?: () => number;
}

/** Listens for wishes to stop, and tells the first from those that follow. */
export function onStopSignals(options: StopSignalOptions): { uninstall(): void } {
  const { process, signals = ['SIGTERM', 'SIGINT'], now = () => performance.now() } = options;
  let firstAt: number | undefined;
  const listeners = signals.map((signal) => {
    const listener = (): void => {
      if (firstAt === undefined) {
        firstAt = now();
        options.first(signal);
      } else if (now() - firstAt >= SAME_WISH_MS) options.again(signal);
    };
    process.on(signal, listener);
    return { signal, listener };
  });
  return {
    uninstall(): void {
      for (const { signal, listener } of listeners) process.off(signal, listener);
    },
  };
}
