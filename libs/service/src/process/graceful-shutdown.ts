import { constants } from 'node:os';
import type { ServiceLogger } from '../logging/pino-logger.ts';
import { EXIT_CODES, EXIT_SIGNAL_BASE } from './exit-codes.ts';
import type { ProcessHandle } from './process-handle.ts';
import { onStopSignals } from './stop-signals.ts';

export interface ShutdownOptions {
  readonly process: ProcessHandle;
  readonly log: ServiceLogger;
  /** Stops everything in order; called once. */
  readonly shutdown: () => Promise<void>;
  /** Longest it may take. */
  readonly timeoutMs: number;
}

/**
 * SIGTERM or SIGINT stops the service in order; a second one, at least `SAME_WISH_MS` later, ends the process at once.
 * Resolves with the exit code when the service has stopped, failed to, or run out of time.
 */
export function stopOnSignals(options: ShutdownOptions): { readonly exitCode: Promise<number>; uninstall(): void } {
  const { process, log } = options;
  let resolve: (code: number) => void = () => {};
  const exitCode = new Promise<number>((settle) => {
    resolve = settle;
  });
  const { uninstall } = onStopSignals({
    process,
    first(signal): void {
      log.info('shutting down', { signal, timeoutMs: options.timeoutMs });
      void bounded(options).then(resolve);
    },
    again(signal): void {
      log.warn('a second signal: the process ends at once', { signal });
      log.flush();
      process.exit(EXIT_SIGNAL_BASE + constants.signals[signal]);
    },
  });
  return { exitCode, uninstall };
}

async function bounded(options: ShutdownOptions): Promise<number> {
  const { log, timeoutMs } = options;
  let timer: NodeJS.Timeout | undefined;
  const timedOut = new Promise<number>((settle) => {
    timer = setTimeout(() => {
      log.error('the shutdown took too long and is cut off', { timeoutMs });
      settle(EXIT_CODES.shutdownTimedOut.code);
    }, timeoutMs);
  });
  const stopped = options.shutdown().then(
    () => EXIT_CODES.stopped.code,
    (error: unknown) => {
      log.error('the shutdown failed', { error });
      return EXIT_CODES.failed.code;
    },
  );
  const code = await Promise.race([stopped, timedOut]);
  clearTimeout(timer);
  log.flush();
  return code;
}
