/**
 * A value that is not what its schema, a converter or a transform needs. It will be so again when it is tried again:
 * `errors.tolerance` says what happens to its record.
 */
export class DataError extends Error {
  override readonly name = 'DataError';

  constructor(message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
  }
}
