import type { Clock, Logger, Meter, Scheduler } from '@moldau/kernel';
import type { SinkRecord } from '../data/data-record.ts';
import type { JsonObject } from '../data/json-value.ts';

/** What the runtime gives to everything of a connector. */
interface ConnectorContext {
  /** Name of the connector, not of its class. */
  readonly connector: string;
  /** Aborts when the connector or task has to end; nothing that waits may outlive it by long. */
  readonly signal: AbortSignal;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
}

/** For `plan`, and for watching what the plan depends on until `signal` aborts. */
export interface PlanContext extends ConnectorContext {
  /** Asks to be planned again: a table appeared, a folder went. Calls that come close together count as one. */
  signalChange(): void;
}

interface TaskContext extends ConnectorContext {
  /** Number of the task, from 0. */
  readonly task: number;
  /** Metrics appear with the labels `connector` and `task` added. Names begin with `moldau_connector_`. */
  readonly meter: Meter;
  /** One line for people, shown with the status while the task runs: "waits for /data/in". Empty takes it back. */
  signalStatus(text: string): void;
}

/** Most that one batch should hold; a single record larger than `maxBytes` is a batch of its own. */
export interface BatchLimits {
  readonly maxRecords: number;
  /** Bytes of keys and values together, as far as the connector can tell cheaply. */
  readonly maxBytes: number;
}

export interface SourceContext extends TaskContext {
  readonly limits: BatchLimits;
  /** The last position that was stored for this part of the source; undefined if there is none. */
  storedOffset(partition: JsonObject): Promise<JsonObject | undefined>;
}

export interface SinkContext extends TaskContext {
  /**
   * Hands over a record that the sink found at fault after `put` took it: the dead-letter topic gets it, or the task fails, by
   * `errors.tolerance`. Resolves when it is durable there; offsets beyond the record may be committed after that.
   */
  reportBad(record: SinkRecord, error: Error): Promise<void>;
  /** Asks for a `flush('interval')` soon: a file was closed, its offsets may be committed. */
  requestFlush(): void;
}
