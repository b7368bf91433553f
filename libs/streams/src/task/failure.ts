import type { MoldauError } from '@moldau/kernel';
import type { InputRecord } from '../record/record-context.ts';

/** What is done about a record that failed: the task stops, the record is dropped, or it goes to the dead-letter topic. */
export type FailureDecision = 'fail' | 'skip' | 'dead-letter';

/** Where it failed: its bytes could not be read, a program's function threw, or a result could not be written. */
export type FailurePhase = 'deserialization' | 'processing' | 'production';

export interface RecordFailure {
  readonly phase: FailurePhase;
  readonly operator: string;
  /** SERIALIZATION_FAILED, INVALID_EVENT_TIME, or HANDLER_FAILED with what was thrown as its cause. */
  readonly error: MoldauError;
  /** The input record under work; undefined where results failed that are of no one record. */
  readonly source: InputRecord | undefined;
  /** As the failing operator had them; undefined before they were decoded. */
  readonly key: unknown;
  readonly value: unknown;
}

export type FailureHandler = FailureDecision | ((failure: RecordFailure) => FailureDecision);

/** One per phase; default `fail` for each: nothing is lost unless the application says so. */
export interface FailureHandlers {
  readonly deserialization?: FailureHandler;
  readonly processing?: FailureHandler;
  readonly production?: FailureHandler;
  /** Needed where a handler, or `lateRecords`, says `dead-letter`. */
  readonly deadLetterTopic?: string;
  /** Default `skip`: they are counted. */
  readonly lateRecords?: 'skip' | 'dead-letter';
}

/** On its way out of the operators: the task stops with its cause. Never seen by programs. @internal */
export class TaskStopped extends Error {
  readonly reason: MoldauError;

  constructor(reason: MoldauError) {
    super(reason.message, { cause: reason });
    this.reason = reason;
  }
}
