import { type Clock, type Scheduler, silentLogger, silentMeter } from '@moldau/kernel';
import type { SinkContext, SourceContext } from '../contract/task-context.ts';
import type { SinkRecord } from '../data/data-record.ts';
import type { JsonObject } from '../data/json-value.ts';
import type { DataValue } from '../data/value.ts';

/** The machine's clock. */
const systemClock: Clock = { monotonicMs: () => performance.now(), wallMs: () => Date.now() };

/** The machine's timers. */
const systemScheduler: Scheduler = {
  nextTurn: (callback) => void setImmediate(callback),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
};

/** A source's context that keeps positions in memory. */
export interface StoringContext extends SourceContext {
  /** Stores positions as the runtime does after a batch was written. */
  store(positions: readonly { readonly partition: JsonObject; readonly offset: JsonObject | null }[]): void;
  /** The last line for people. */
  status(): string;
}

/** A context for a task of a source, with real time. Give the `stored` map of one to another for a restart. */
export function createSourceContext(given: Partial<SourceContext> & { readonly stored?: Map<string, JsonObject> } = {}): StoringContext {
  const { stored = new Map<string, JsonObject>(), ...others } = given;
  let line = '';
  return {
    ...taskContext(),
    limits: { maxRecords: 1_000, maxBytes: 1_048_576 },
    storedOffset: (partition) => Promise.resolve(stored.get(JSON.stringify(partition))),
    store: (positions) => {
      for (const { partition, offset } of positions) {
        if (offset === null) stored.delete(JSON.stringify(partition));
        else stored.set(JSON.stringify(partition), offset);
      }
    },
    signalStatus: (text) => (line = text),
    status: () => line,
    ...others,
  };
}

/** A sink's context that keeps bad records. */
export interface CollectingContext extends SinkContext {
  readonly bad: { readonly record: SinkRecord; readonly error: Error }[];
}

/** A context for a task of a sink, with real time. */
export function createSinkContext(given: Partial<SinkContext> = {}): CollectingContext {
  const bad: { readonly record: SinkRecord; readonly error: Error }[] = [];
  return {
    ...taskContext(),
    bad,
    reportBad: (record, error) => {
      bad.push({ record, error });
      return Promise.resolve();
    },
    requestFlush: () => {},
    ...given,
  };
}

/** A record for a sink: a value without a schema, and the rest as given. */
export function createSinkRecord(value: DataValue, given: Partial<SinkRecord> = {}): SinkRecord {
  const source = given.source ?? { topic: given.topic ?? 'topic', partition: given.partition ?? 0 };
  return { ...source, source, offset: 0, timestampMs: 0, key: { value: null }, value: { value }, headers: [], ...given };
}

type Shared = Omit<SinkContext, 'reportBad' | 'requestFlush'>;

function taskContext(): Shared {
  return {
    connector: 'connector',
    task: 0,
    signal: new AbortController().signal,
    logger: silentLogger,
    meter: silentMeter,
    clock: systemClock,
    scheduler: systemScheduler,
    signalStatus: () => {},
  };
}
