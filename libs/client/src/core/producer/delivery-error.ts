import { MoldauError } from '@moldau/kernel';
import type { DeliveryTroubles } from './delivery-failure.ts';
import type { ProducerBatch } from './producer-batch.ts';

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

/** Brokers whose errors are named; an error is read by people. */
const BROKERS_NAMED_MAX = 5;

/** Why a batch was not confirmed in time: its own last error, with the last of each broker that does not answer. */
function causeOf(batch: ProducerBatch, { partition, metadata, brokers }: DeliveryTroubles): MoldauError | undefined {
  const own = partition ?? batch.lastError ?? metadata;
  const named = brokers.slice(-BROKERS_NAMED_MAX);
  if (named.length === 0) return own;
  const facts = Object.fromEntries(named.map(({ subject, error }) => [`broker_${subject.brokerId}`, `${error.reason}: ${error.message}`]));
  const place = named.map(
    ({ subject: { brokerId, address }, error }) => `broker ${brokerId} (${address}) ${error.reason}: ${error.message}`,
  );
  const message = `${own === undefined ? '' : `${own.message}; `}last seen: ${place.join('; ')}`;
  const reason = own?.reason ?? named.at(-1)?.error.reason ?? 'CONNECTION_FAILED';
  return new MoldauError(reason, message, { ...own?.facts, ...facts }, { cause: own ?? named.at(-1)?.error });
}

/** The delivery timeout has passed: whether it may have been written, and why it was not confirmed, decide the error. */
export function expiredError(batch: ProducerBatch, timeoutMs: number, inFlight: boolean, troubles: DeliveryTroubles): MoldauError {
  const facts = { ...factsOf(batch), limit: String(timeoutMs), attempts: String(batch.attempts) };
  const cause = causeOf(batch, troubles);
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
