import { LOG_LEVELS, type LogFields, type Logger, type LogLevel, MoldauError } from '@moldau/kernel';
import { type DestinationStream, destination, type Logger as Pino, pino } from 'pino';

/** Most bytes of log lines that wait for a slow reader; beyond it lines are dropped rather than memory filled. */
const BUFFER_BYTES_MAX = 8 * 2 ** 20;
/** Deepest chain of causes that is logged. */
const CAUSE_DEPTH_MAX = 5;

export interface LoggerOptions {
  readonly level: LogLevel;
  readonly destination: 'stdout' | 'stderr';
  /** In every line: at least the service's name. */
  readonly fields: LogFields;
  /** Instead of the process's own stdout or stderr. */
  readonly stream?: DestinationStream;
}

/** A logger that the process owns: its level can change while it runs, for all its children at once. */
export interface ServiceLogger extends Logger {
  readonly level: LogLevel;
  setLevel(level: LogLevel): void;
  /** Writes what is buffered, before the process ends. */
  flush(): void;
}

type PinoLogger = Pino<never, boolean>;

/** The level in force, shared by a logger and all its children. */
interface Threshold {
  level: LogLevel;
  rank: number;
}

/** JSON lines: `time` (ISO), `level` (word), `message`, then the fields; a request's logger carries its `traceId`. */
export function createLogger(options: LoggerOptions): ServiceLogger {
  const threshold: Threshold = { level: options.level, rank: rankOf(options.level) };
  const stream = options.stream ?? processStream(options.destination);
  const sink = pino(
    {
      level: 'trace', // the threshold decides
      base: null,
      messageKey: 'message',
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: describeError, cause: describeError },
    },
    stream,
  ).child(options.fields);
  return {
    ...logger(sink, threshold),
    get level(): LogLevel {
      return threshold.level;
    },
    setLevel(level: LogLevel): void {
      threshold.level = level;
      threshold.rank = rankOf(level);
    },
    flush(): void {
      if (isFlushable(stream)) stream.flushSync();
    },
  };
}

function processStream(name: 'stdout' | 'stderr'): DestinationStream {
  const stream = destination({ dest: name === 'stdout' ? 1 : 2, sync: false, minLength: 0, maxLength: BUFFER_BYTES_MAX });
  // A reader that went away must not take the process with it.
  stream.on('error', () => {});
  return stream;
}

function isFlushable(stream: object): stream is { flushSync(): void } {
  return 'flushSync' in stream && typeof stream.flushSync === 'function';
}

function logger(sink: PinoLogger, threshold: Threshold): Logger {
  const write = (level: LogLevel, rank: number, message: string, fields: LogFields | undefined): void => {
    if (rank >= threshold.rank) sink[level](fields ?? {}, message);
  };
  const at = (level: LogLevel): ((message: string, fields?: LogFields) => void) => {
    const rank = rankOf(level);
    return (message, fields) => write(level, rank, message, fields);
  };
  return {
    trace: at('trace'),
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    fatal: at('fatal'),
    child: (fields) => logger(sink.child(fields), threshold),
  };
}

function rankOf(level: LogLevel): number {
  return LOG_LEVELS.indexOf(level);
}

/** An error as fields; a MoldauError with its name and facts, the causes with it. */
function describeError(value: unknown, depth = 0): unknown {
  if (!(value instanceof Error)) return value;
  const cause = value.cause === undefined || depth >= CAUSE_DEPTH_MAX ? undefined : describeError(value.cause, depth + 1);
  const own = { type: value.name, message: value.message, stack: value.stack, ...(cause === undefined ? {} : { cause }) };
  return value instanceof MoldauError ? { ...own, reason: value.reason, facts: value.facts } : own;
}
