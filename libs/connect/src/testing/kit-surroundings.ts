import { type Clock, type LogFields, type Logger, type Meter, type Scheduler, silentMeter } from '@moldau/kernel';
import type { ConfigDeclaration } from '../config/config-declaration.ts';
import type { SourceContext } from '../contract/task-context.ts';
import type { JsonObject } from '../data/json-value.ts';

/** What a test may put in place of the kit's own. */
export interface KitOptions {
  /** Name of the connector. Default: `under-test`. */
  readonly connector?: string;
  /** Default: the real clock. */
  readonly clock?: Clock;
  /** Default: real timers. */
  readonly scheduler?: Scheduler;
  /** Default: one that measures nothing. */
  readonly meter?: Meter;
}

/** A line that the connector logged. */
export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly fields: LogFields;
}

/** Parses raw settings. @throws Error with every field's error, one a line */
export function parseSettings<C>(declaration: ConfigDeclaration<C>, settings: JsonObject): C {
  const parsed = declaration.parse(settings);
  if (parsed.ok) return parsed.config;
  throw new Error(parsed.errors.map(({ field, message }) => `${field}: ${message}`).join('\n'));
}

/** The world around a connector in a test: real time, collected logs. */
export class KitSurroundings {
  readonly logs: LogLine[] = [];
  /** The last line that each task showed as its status, by its number. */
  readonly statuses = new Map<number, string>();
  readonly connector: string;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly meter: Meter;
  readonly logger: Logger;

  constructor(options: KitOptions) {
    this.connector = options.connector ?? 'under-test';
    this.clock = options.clock ?? { monotonicMs: () => performance.now(), wallMs: () => Date.now() };
    this.scheduler = options.scheduler ?? realScheduler;
    this.meter = options.meter ?? silentMeter;
    this.logger = collector(this.logs, {});
  }

  /** What every task's context has. */
  taskContext(task: number, signal: AbortSignal): Omit<SourceContext, 'limits' | 'storedOffset'> {
    const { connector, clock, scheduler, meter, logger } = this;
    return { connector, task, signal, clock, scheduler, meter, logger, signalStatus: (text: string) => void this.statuses.set(task, text) };
  }

  wait(ms: number): Promise<void> {
    return new Promise((resolve) => void this.scheduler.after(ms, resolve));
  }
}

const realScheduler: Scheduler = {
  nextTurn: (callback) => void setImmediate(callback),
  after: (delayMs, callback, options) => {
    const timer = setTimeout(callback, delayMs);
    if (options?.background === true) timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
};

function collector(lines: LogLine[], inherited: LogFields): Logger {
  const at =
    (level: string) =>
    (message: string, fields: LogFields = {}): void =>
      void lines.push({ level, message, fields: { ...inherited, ...fields } });
  return {
    trace: at('trace'),
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    fatal: at('fatal'),
    child: (fields) => collector(lines, { ...inherited, ...fields }),
  };
}
