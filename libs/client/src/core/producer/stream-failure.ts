import { MoldauError } from '@moldau/kernel';

/** Errors of a stream that another try would meet again. */
export function isRefusal(error: MoldauError): boolean {
  switch (error.reason) {
    case 'UNAUTHENTICATED':
    case 'PERMISSION_DENIED':
    case 'UNKNOWN_METHOD':
    case 'INVALID_REQUEST':
    case 'INVALID_NAMESPACE':
      return true;
    default:
      return false;
  }
}

/** A batch's answer will not come: it may have been written. */
export function brokenError(brokerId: number, cause: MoldauError | undefined): MoldauError {
  const why = cause === undefined ? 'the broker ended the stream' : cause.message;
  const options = cause === undefined ? {} : { cause };
  const message = `the stream to broker ${brokerId} broke before the answer: ${why}`;
  return new MoldauError('CONNECTION_FAILED', message, { broker_id: String(brokerId) }, options);
}

/** The broker has not said anything for longer than any answer may take. */
export function silentError(brokerId: number, waitedMs: number): MoldauError {
  const facts = { broker_id: String(brokerId), waited_ms: String(waitedMs) };
  return new MoldauError('REQUEST_TIMED_OUT', `broker ${brokerId} has not answered for ${waitedMs} ms`, facts);
}
