import { type LogFields, type Logger, type LogLevel, silentLogger } from '@moldau/kernel';
import type { Trace } from './trace.ts';

/** Puts what a node logs, from `info` on, into the readable trace; silent where nobody reads it. */
export function traceLogger(trace: Trace, node: string): Logger {
  if (!trace.readable) return silentLogger;
  const write = (level: LogLevel, message: string, fields: LogFields = {}): void => {
    const facts = Object.entries(fields).map(([key, value]) => `${key}=${String(value)}`);
    trace.log(node, [level, message, ...facts].join(' '));
  };
  const logger: Logger = {
    trace: () => {},
    debug: () => {},
    info: (message, fields) => write('info', message, fields),
    warn: (message, fields) => write('warn', message, fields),
    error: (message, fields) => write('error', message, fields),
    fatal: (message, fields) => write('fatal', message, fields),
    child: () => logger,
  };
  return logger;
}
