import type { RecordContext } from '../record/record-context.ts';
import type { KeyValueStore } from '../stores/store.ts';
import type { AsyncStage } from './async-stage.ts';
import type { WatermarkTimer } from './watermark-timers.ts';

/** Which part of the topology for which partition. Printed as `0_3`. */
export interface TaskId {
  readonly subTopology: number;
  readonly partition: number;
}

export type PunctuationTime = 'stream' | 'wall';

/** A punctuator that can be stopped. */
export interface Punctuation {
  cancel(): void;
}

/** Why a record went no further without being an error. */
export type SkipReason = 'null-key' | 'null-value';

/** What a task gives its operators. */
export interface TaskServices {
  readonly id: TaskId;
  readonly application: string;
  /** The record under work. */
  readonly record: RecordContext;
  /** Event time that all active input partitions have reached; −Infinity before the first record. */
  readonly watermarkMs: number;
  /** As of the last time the task was told. */
  readonly wallMs: number;
  /** Runs when the watermark has reached what the timer was set to. */
  onWatermark(run: (watermarkMs: number) => void): WatermarkTimer;
  /** At multiples of `everyMs` since the epoch, so that the times are the same after a restart; once for many that were missed. */
  schedule(everyMs: number, time: PunctuationTime, operator: string, run: (timeMs: number) => void): Punctuation;
  skipped(reason: SkipReason): void;
  /** A record whose windows are closed: counted, and kept as a dead letter where the application says so. */
  late(operator: string, timestampMs: number): void;
  globalStore(name: string): KeyValueStore<unknown, unknown>;
  registerAsync(stage: AsyncStage): void;
  /** Runs a program's function that failed later than its record: a rejected promise. Throws when the task is to stop. */
  failed(operator: string, error: unknown, record: FailedRecord): void;
}

/** What is known of a record that failed. */
export interface FailedRecord {
  readonly key: unknown;
  readonly value: unknown;
  readonly timestampMs: number;
}
