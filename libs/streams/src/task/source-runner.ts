import { MoldauError } from '@moldau/kernel';
import type { Emit, SourceOperator } from '../graph/operator.ts';
import type { CurrentRecord, InputRecord } from '../record/record-context.ts';
import type { Failures } from './failures.ts';
import type { TaskStats } from './task-stats.ts';

export interface SourceRunnerOptions {
  readonly source: SourceOperator;
  readonly forward: Emit<unknown, unknown>;
  readonly record: CurrentRecord;
  readonly failures: Failures;
  readonly stats: TaskStats;
  /** How far the time of a record may lie ahead of the wall clock, in ms. */
  readonly futureMs: number;
}

/** A decoded record is kept in the fields of its runner until it is run: nothing is allocated. */
export class SourceRunner {
  readonly #options: SourceRunnerOptions;
  #key: unknown = null;
  #value: unknown = null;
  timestampMs = -1;

  constructor(options: SourceRunnerOptions) {
    this.#options = options;
  }

  /** Decodes a record and finds its time. False when it goes no further. */
  take(record: InputRecord, wallMs: number): boolean {
    const { source, stats, failures } = this.#options;
    if (record.value === null && source.nullValues === 'skip') {
      stats.skipped['null-value']++;
      return false;
    }
    try {
      this.#key = record.key === null ? null : source.key.deserialize(record.key, record.topic);
      this.#value = record.value === null ? null : source.value.deserialize(record.value, record.topic);
    } catch (cause) {
      failures.deserialization(source.name, undecodable(record, cause), record);
      return false;
    }
    const timestampMs = this.#timeOf(record);
    if (timestampMs >= 0 && timestampMs <= wallMs + this.#options.futureMs) {
      this.timestampMs = timestampMs;
      return true;
    }
    failures.deserialization(source.name, badTime(record, timestampMs, wallMs + this.#options.futureMs), record);
    return false;
  }

  run(): void {
    this.#options.forward(this.#key, this.#value, null, this.timestampMs);
  }

  #timeOf(record: InputRecord): number {
    const { source, record: current } = this.#options;
    if (source.timestamp === undefined) return record.timestampMs;
    current.begin(record, record.timestampMs);
    try {
      return source.timestamp(this.#value, this.#key, current);
    } catch {
      return Number.NaN;
    }
  }
}

function undecodable(record: InputRecord, cause: unknown): MoldauError {
  const detail = cause instanceof Error ? cause.message : String(cause);
  const { topic, partition, offset } = record;
  const facts = { topic, partition: String(partition), offset: String(offset) };
  return new MoldauError('SERIALIZATION_FAILED', `the record at ${topic}-${partition} offset ${offset}: ${detail}`, facts, { cause });
}

function badTime({ topic, partition, offset }: InputRecord, timestampMs: number, limitMs: number): MoldauError {
  return new MoldauError(
    'INVALID_EVENT_TIME',
    `the record at ${topic}-${partition} offset ${offset} has the time ${timestampMs}; it takes 0 … ${limitMs}`,
    { topic, partition: String(partition), offset: String(offset), value: String(timestampMs), limit: String(limitMs) },
  );
}
