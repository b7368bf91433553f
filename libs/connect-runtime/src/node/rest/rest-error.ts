import { type ErrorName, MoldauError } from '@moldau/kernel';

/** Beside Kafka's error body: the error by its name in the catalogue. */
const ERROR_HEADER = 'moldau-error';

/** A refusal of the REST API itself. */
export class RestError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const STATUSES: Partial<Readonly<Record<ErrorName, number>>> = {
  CONNECTOR_NOT_FOUND: 404,
  CONNECTOR_TASK_NOT_FOUND: 404,
  CONNECTOR_EXISTS: 409,
  CONNECTOR_CONFIG_INVALID: 400,
  CONNECTOR_NOT_STOPPED: 400,
  CONNECTOR_OFFSETS_INVALID: 400,
  PLUGIN_NOT_FOUND: 400,
  INVALID_REQUEST: 400,
  OFFSET_OUT_OF_RANGE: 400,
  UNKNOWN_TOPIC: 400,
  UNKNOWN_PARTITION: 400,
  REBALANCE_IN_PROGRESS: 409,
  GROUP_NOT_EMPTY: 409,
  CONNECT_NOT_READY: 503,
};

/** Status and body as Kafka Connect's REST API has them: {error_code, message}. */
export function restError(caught: unknown): {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: { readonly error_code: number; readonly message: string };
} {
  if (caught instanceof RestError) {
    const headers = { [ERROR_HEADER]: 'INVALID_REQUEST' satisfies ErrorName };
    return { status: caught.status, headers, body: { error_code: caught.status, message: caught.message } };
  }
  const error = MoldauError.from(caught);
  const status = STATUSES[error.reason] ?? (error.retriable ? 503 : 500);
  // A bug's own words stay in the log.
  const message = error.reason === 'INTERNAL' ? 'an internal error; the log of the worker has its cause' : error.message;
  return { status, headers: { [ERROR_HEADER]: error.reason }, body: { error_code: status, message } };
}
