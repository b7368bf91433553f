import { type ErrorName, isErrorName, MoldauError, STATUS_CODES, type Status, StatusError, type StatusName } from '@moldau/kernel';
import { messageOf, metadataOf } from './error-text.ts';
import type { Any } from './gen/google/protobuf/any.ts';
import type { Duration } from './gen/google/protobuf/duration.ts';
import { ErrorInfo, RetryInfo, Status as RpcStatus } from './gen/google/rpc/status.ts';

const ERROR_DOMAIN = 'moldau';
const ERROR_INFO_URL = 'type.googleapis.com/google.rpc.ErrorInfo';
const RETRY_INFO_URL = 'type.googleapis.com/google.rpc.RetryInfo';

/** The status that tells the other side of this error, within what `error-text.ts` allows; its cause is for the log. */
export function errorToStatus(error: MoldauError): Status {
  const message = messageOf(error);
  const info = ErrorInfo.encode({ reason: error.reason, domain: ERROR_DOMAIN, metadata: metadataOf(error) }).finish();
  const details: Any[] = [{ typeUrl: ERROR_INFO_URL, value: info }];
  if (error.retryAfterMs !== undefined) details.push({ typeUrl: RETRY_INFO_URL, value: encodeRetryInfo(error.retryAfterMs) });
  return { code: error.status, message, details: RpcStatus.encode({ code: STATUS_CODES[error.status], message, details }).finish() };
}

export function toStatusError(caught: unknown): StatusError {
  if (caught instanceof StatusError) return caught;
  return new StatusError(errorToStatus(MoldauError.from(caught)), { cause: caught });
}

/**
 * The error that a status tells of: by its ErrorInfo where it has one of ours, else by its code. A call that never left
 * (`unsent`) surely did nothing, whatever its code says: it may be made again even when it is not idempotent.
 */
export function statusToError(status: Status): MoldauError {
  if (status.unsent) return new MoldauError('SERVER_UNREACHABLE', status.message, { status: status.code });
  const details = decodeDetails(status);
  const reason = details?.reason ?? reasonByStatus(status.code);
  const options = details?.retryAfterMs === undefined ? {} : { retryAfterMs: details.retryAfterMs };
  return new MoldauError(reason, status.message, details?.facts ?? { status: status.code }, options);
}

/** What a call threw, as a MoldauError. */
export function callError(caught: unknown): MoldauError {
  return caught instanceof StatusError ? statusToError(caught.status) : MoldauError.from(caught);
}

interface DecodedDetails {
  readonly reason: ErrorName;
  readonly facts: Readonly<Record<string, string>>;
  readonly retryAfterMs: number | undefined;
}

function decodeDetails(status: Status): DecodedDetails | undefined {
  if (status.details === undefined) return undefined;
  try {
    const entries = RpcStatus.decode(status.details).details;
    const any = entries.find((entry) => entry.typeUrl === ERROR_INFO_URL);
    if (any === undefined) return undefined;
    const info = ErrorInfo.decode(any.value);
    if (info.domain !== ERROR_DOMAIN || !isErrorName(info.reason)) return undefined;
    const retry = entries.find((entry) => entry.typeUrl === RETRY_INFO_URL);
    return { reason: info.reason, facts: Object.fromEntries(info.metadata), retryAfterMs: retry && decodeRetryInfo(retry.value) };
  } catch {
    return undefined; // a foreign server's details that are none: its code still counts
  }
}

function encodeRetryInfo(delayMs: number): Uint8Array {
  const seconds = Math.floor(delayMs / 1000);
  return RetryInfo.encode({ retryDelay: { seconds, nanos: Math.round((delayMs - seconds * 1000) * 1e6) } }).finish();
}

function decodeRetryInfo(bytes: Uint8Array): number | undefined {
  const delay: Duration | undefined = RetryInfo.decode(bytes).retryDelay;
  return delay && delay.seconds * 1000 + delay.nanos / 1e6;
}

function reasonByStatus(code: StatusName): ErrorName {
  switch (code) {
    case 'UNAVAILABLE':
      return 'CONNECTION_FAILED';
    case 'DEADLINE_EXCEEDED':
      return 'REQUEST_TIMED_OUT';
    case 'CANCELLED':
      return 'CANCELLED';
    case 'RESOURCE_EXHAUSTED':
      return 'MESSAGE_TOO_LARGE';
    case 'UNIMPLEMENTED':
      return 'UNKNOWN_METHOD';
    case 'UNAUTHENTICATED':
      return 'UNAUTHENTICATED';
    case 'PERMISSION_DENIED':
      return 'PERMISSION_DENIED';
    case 'INVALID_ARGUMENT':
      return 'INVALID_REQUEST';
    case 'OK':
    case 'UNKNOWN':
    case 'NOT_FOUND':
    case 'ALREADY_EXISTS':
    case 'FAILED_PRECONDITION':
    case 'ABORTED':
    case 'OUT_OF_RANGE':
    case 'INTERNAL':
    case 'DATA_LOSS':
      return 'INTERNAL';
  }
}
