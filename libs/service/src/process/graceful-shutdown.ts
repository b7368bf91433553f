import { constants } from 'node:os';
import type { ServiceLogger } from '../logging/pino-logger.ts';
import { EXIT_CODES, EXIT_SIGNAL_BASE } from './exit-codes.ts';
import type { ProcessHandle } from './process-handle.ts';

export interface ShutdownOptions {
  readonly process: ProcessHandle;
  readonly log: ServiceLogger;
  /** Stops everything in order; called once. */
  readonly shutdown: () => Promise<void>;
  /** Longest it may take. */
  readonly timeoutMs: number;
}

/**
 * SIGTERM or SIGINT stops the service in order; a second one ends the process at once. Resolves with the exit code when
 * the service has stopped, failed to, or run out of time.
 */
export function stopOnSignals(options: ShutdownOptions): { readonly exitCode: Promise<number>; uninstall(): void } {
  const { process, log } = options;
  let stopping = false;
  let resolve: (code: number) => void = () => {};
  const exitCode = new Promise<number>((settle) => {
    resolve = settle;
  });
  const onSignal = (signal: 'SIGTERM' | 'SIGINT') => (): void => {
    if (stopping) {
      log.warn('a second signal: the process ends at once', { signal });
      log.flush();
      process.exit(EXIT_SIGNAL_BASE + constants.signals[signal]);
      return;
    }
    stopping = true;
    log.info('shutting down', { signal, timeoutMs: options.timeoutMs });
    void bounded(options).then(resolve);
  };
  const onTerminate = onSignal('SIGTERM');
  const onInterrupt = onSignal('SIGINT');
  process.on('SIGTERM', onTerminate);
  process.on('SIGINT', onInterrupt);
  return {
    exitCode,
    uninstall(): void {
      process.off('SIGTERM', onTerminate);
      process.off('SIGINT', onInterrupt);
    },
  };
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
