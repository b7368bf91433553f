import type { ServiceLogger } from '../logging/pino-logger.ts';
import { EXIT_CODES } from './exit-codes.ts';
import type { ProcessHandle } from './process-handle.ts';

/**
 * A bug ends the process: state after an exception that nobody expected can't be trusted, and a restart recovers from
 * disk. Logs the cause, writes what is buffered, exits at once; nothing is shut down in order.
 */
export function installCrashPolicy(process: ProcessHandle, log: ServiceLogger): { uninstall(): void } {
  let crashed = false;
  const crash =
    (kind: string) =>
    (cause: unknown): void => {
      if (crashed) return;
      crashed = true;
      try {
        log.fatal('the process crashes', { kind, error: cause });
        log.flush();
      } finally {
        process.exit(EXIT_CODES.crashed.code);
      }
    };
  const onException = crash('uncaught exception');
  const onRejection = crash('unhandled rejection');
  process.on('uncaughtException', onException);
  process.on('unhandledRejection', onRejection);
  return {
    uninstall(): void {
      process.off('uncaughtException', onException);
      process.off('unhandledRejection', onRejection);
    },
  };
}
