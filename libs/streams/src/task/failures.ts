import { AssertionError, MoldauError } from '@moldau/kernel';
import type { CurrentRecord, InputRecord } from '../record/record-context.ts';
import { deadLetter } from './dead-letter.ts';
import { type FailureHandlers, type FailurePhase, type RecordFailure, TaskStopped } from './failure.ts';
import type { Output } from './output.ts';
import type { FailedRecord } from './task-services.ts';
import type { TaskStats } from './task-stats.ts';

export interface FailuresOptions {
  readonly application: string;
  readonly handlers: FailureHandlers;
  readonly output: Output;
  readonly record: CurrentRecord;
  readonly stats: TaskStats;
}

/** Decides on records that failed, as the application's handlers say. */
export class Failures {
  readonly #options: FailuresOptions;

  constructor(options: FailuresOptions) {
    this.#options = options;
  }

  /** A program's function threw. @throws TaskStopped where the task is to stop */
  processing(operator: string, thrown: unknown, failed: FailedRecord): void {
    const { record, application } = this.#options;
    const detail = thrown instanceof Error ? thrown.message : String(thrown);
    const name = thrown instanceof Error ? thrown.name : typeof thrown;
    const error = new MoldauError(
      'HANDLER_FAILED',
      `operator ${operator} of ${application} failed at ${this.#place(record.source)}: ${detail}`,
      { operator, error: name, ...placeFacts(record.source) },
      { cause: thrown },
    );
    this.#decide({ phase: 'processing', operator, error, source: record.source, key: failed.key, value: failed.value });
  }

  /** A key, value or time of an input record can't be read. */
  deserialization(operator: string, error: MoldauError, source: InputRecord): void {
    this.#decide({ phase: 'deserialization', operator, error, source, key: undefined, value: undefined });
  }

  /** A result can't be written. */
  production(operator: string, error: MoldauError, failed: { readonly key: unknown; readonly value: unknown }): void {
    this.#decide({ phase: 'production', operator, error, source: this.#options.record.source, ...failed });
  }

  late(operator: string, timestampMs: number, watermarkMs: number): void {
    const { handlers, stats, record } = this.#options;
    stats.late++;
    if (handlers.lateRecords !== 'dead-letter' || record.source === undefined) return;
    const error = new MoldauError(
      'LATE_RECORD',
      `at ${operator}, ${this.#place(record.source)} of ${timestampMs} came after its windows were closed at ${watermarkMs}`,
      { operator, value: String(timestampMs), limit: String(watermarkMs), ...placeFacts(record.source) },
    );
    this.#bury(record.source, operator, error);
  }

  #decide(failure: RecordFailure): void {
    const { handlers, stats } = this.#options;
    const handler = handlers[failure.phase] ?? 'fail';
    const decision = typeof handler === 'string' ? handler : handler(failure);
    switch (decision) {
      case 'fail':
        throw new TaskStopped(failure.error);
      case 'skip':
        stats.failed[failure.phase]++;
        return;
      case 'dead-letter':
        stats.failed[failure.phase]++;
        if (failure.source !== undefined) this.#bury(failure.source, failure.operator, failure.error);
    }
  }

  #bury(source: InputRecord, operator: string, error: MoldauError): void {
    const { handlers, output, application, stats } = this.#options;
    // Checked when the task was made.
    output.send(deadLetter(handlers.deadLetterTopic ?? '', source, { application, operator, error }));
    stats.deadLetters++;
  }

  #place(source: InputRecord | undefined): string {
    return source === undefined ? 'no record' : `${source.topic}-${source.partition} offset ${source.offset}`;
  }
}

/** What must never be taken for a program's mistake: the end of the task, and broken invariants. */
export function isFatal(thrown: unknown): boolean {
  return thrown instanceof TaskStopped || thrown instanceof AssertionError;
}

/** @throws MoldauError INVALID_TOPOLOGY where dead letters have nowhere to go */
export function validateHandlers(handlers: FailureHandlers): void {
  const phases: readonly FailurePhase[] = ['deserialization', 'processing', 'production'];
  const bury = phases.some((phase) => handlers[phase] === 'dead-letter' || typeof handlers[phase] === 'function');
  const named = phases.some((phase) => handlers[phase] === 'dead-letter') || handlers.lateRecords === 'dead-letter';
  if (handlers.deadLetterTopic !== undefined || !(named || bury)) return;
  throw new MoldauError('INVALID_TOPOLOGY', 'a handler may choose dead letters, and no dead-letter topic is set', {
    setting: 'deadLetterTopic',
  });
}

function placeFacts(source: InputRecord | undefined): Readonly<Record<string, string>> {
  if (source === undefined) return {};
  return { topic: source.topic, partition: String(source.partition), offset: String(source.offset) };
}
