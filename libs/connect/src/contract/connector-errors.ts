/**
 * The outside can't do it just now: a database is down, a disk is full. The runtime waits with back-off, calls again with
 * the same work, and shows the message in the task's status from when on.
 */
export class RetriableError extends Error {
  override readonly name = 'RetriableError';
  /** Wait at least this long, where the outside said so (`Retry-After`). */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, options: { readonly cause?: unknown; readonly retryAfterMs?: number } = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.retryAfterMs = options.retryAfterMs;
  }
}

/**
 * One record is at fault: it will never be written. What `errors.tolerance` says happens to it; the runtime puts the
 * others again, so nothing of the call may have been written unless writing it twice does no harm.
 */
export class RecordError extends Error {
  override readonly name = 'RecordError';
  /** Index of the record in the array that was put. */
  readonly index: number;

  constructor(index: number, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.index = index;
  }
}
