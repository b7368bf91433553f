import { MoldauError } from '@moldau/kernel';
import type { ProducerBatch } from './producer-batch.ts';

/** What a failed attempt means for the batch and for the partition's sequence. */
export type FailureKind =
  /** Send it again, in its place. */
  | 'retry'
  /** The broker does not know the session as we do: a new one is needed, unless an earlier failure explains it. */
  | 'sequence'
  /** It is in the log; where, the broker has forgotten. */
  | 'duplicate'
  /** Sending it again would not help. */
  | 'final';

export function failureKind(error: MoldauError): FailureKind {
  switch (error.reason) {
    case 'DUPLICATE_SEQUENCE':
      return 'duplicate';
    case 'OUT_OF_ORDER_SEQUENCE':
    case 'UNKNOWN_PRODUCER':
    case 'FENCED_PRODUCER':
      return 'sequence';
    default:
      return error.retriable ? 'retry' : 'final';
  }
}

/** Whether the error says that somebody else leads the partition by now, or that nobody answers. */
export function isLeadershipError(error: MoldauError): boolean {
  switch (error.reason) {
    case 'NOT_LEADER':
    case 'LEADER_NOT_AVAILABLE':
    case 'FENCED_LEADER_EPOCH':
    case 'UNKNOWN_LEADER_EPOCH':
    case 'LEADER_CHANGED_AFTER_APPEND':
    case 'SHUTTING_DOWN':
    case 'CONNECTION_FAILED':
    case 'PARTITION_OFFLINE':
    case 'LOG_DIRECTORY_OFFLINE':
    case 'LOG_DIRECTORY_FAILED_AFTER_APPEND':
    case 'UNKNOWN_TOPIC':
    case 'UNKNOWN_PARTITION':
      return true;
    default:
      return false;
  }
}

function factsOf(batch: ProducerBatch): Readonly<Record<string, string>> {
  return { topic: batch.topic, partition: String(batch.partition), records: String(batch.count) };
}

/** The error of an answer, with the batch's place; what it says of certainty holds only if no attempt was written before. */
export function answeredError(batch: ProducerBatch, error: MoldauError): MoldauError {
  if (batch.maybeWritten && error.certainty === 'definite') return unknownError(batch, error);
  return new MoldauError(error.reason, error.message, { ...error.facts, ...factsOf(batch) }, { cause: error });
}

/** An earlier attempt may have been written, and no later one can tell. */
export function unknownError(batch: ProducerBatch, cause: MoldauError): MoldauError {
  const message = `${batch.count} records for ${batch.topic}-${batch.partition} may have been written; the answer is lost (${cause.message})`;
  return new MoldauError('DELIVERY_UNKNOWN', message, { ...factsOf(batch), reason: cause.reason }, { cause });
}

/** The delivery timeout has passed: whether it may have been written, and why it was not confirmed, decide the error. */
export function expiredError(batch: ProducerBatch, timeoutMs: number, inFlight: boolean, otherwise: MoldauError | undefined): MoldauError {
  const facts = { ...factsOf(batch), limit: String(timeoutMs), attempts: String(batch.attempts) };
  const cause = batch.lastError ?? otherwise;
  const why = cause === undefined ? '' : `: ${cause.message}`;
  const place = `${batch.count} records for ${batch.topic}-${batch.partition}`;
  const options = cause === undefined ? {} : { cause };
  if (inFlight || batch.maybeWritten) {
    return new MoldauError('DELIVERY_TIMED_OUT', `${place} were not confirmed within ${timeoutMs} ms${why}`, facts, options);
  }
  if (batch.attempts > 0 && batch.lastError !== undefined) {
    const message = `${place} were refused for ${timeoutMs} ms${why}`;
    return new MoldauError(batch.lastError.reason, message, { ...batch.lastError.facts, ...facts }, options);
  }
  return new MoldauError('DELIVERY_EXPIRED', `${place} could not be sent within ${timeoutMs} ms${why}`, facts, options);
}

/** The producer is closed before the batch was confirmed. */
export function abandonedError(batch: ProducerBatch, inFlight: boolean): MoldauError {
  const place = `${batch.count} records for ${batch.topic}-${batch.partition}`;
  if (inFlight || batch.maybeWritten) {
    return new MoldauError('CANCELLED', `the producer was closed before ${place} were confirmed`, factsOf(batch));
  }
  return new MoldauError('CLIENT_CLOSED', `the producer was closed before ${place} were sent`, factsOf(batch));
}
