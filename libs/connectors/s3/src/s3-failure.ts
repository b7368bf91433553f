import { RetriableError } from '@moldau/connect';

/** Codes of refusals that time heals, though their status is that of a mistake. */
const RETRIABLE_CODES: ReadonlySet<string> = new Set([
  'RequestTimeout',
  'SlowDown',
  'Throttling',
  'OperationAborted',
  'XMinioServerNotInitialized',
]);
const RETRIABLE_STATUSES: ReadonlySet<number> = new Set([408, 429]);
/** Codes without a status that are mistakes in the settings: the SDK found nobody to be. */
const FATAL_CODES: ReadonlySet<string> = new Set(['CredentialsProviderError']);

/** What the store, or the way to it, said. */
export interface S3Refusal {
  readonly code: string;
  /** HTTP status; undefined when there was no answer. */
  readonly status: number | undefined;
  readonly message: string;
}

/** Only what is safe to show: the SDK's errors hold requests. */
export function refusalOf(error: unknown): S3Refusal {
  if (!(error instanceof Error)) return { code: 'Error', status: undefined, message: String(error) };
  const { $metadata } = error as { readonly $metadata?: { readonly httpStatusCode?: number } };
  const { code } = error as { readonly code?: unknown };
  const isSystem = typeof code === 'string';
  return { code: isSystem ? code : error.name, status: $metadata?.httpStatusCode, message: error.message.slice(0, 500) };
}

/** Whether the same request may succeed later. */
export function isRetriable({ code, status }: S3Refusal): boolean {
  if (FATAL_CODES.has(code)) return false;
  return status === undefined || status >= 500 || RETRIABLE_STATUSES.has(status) || RETRIABLE_CODES.has(code);
}

/** The error to throw for a failed operation on `place` (bucket, key and endpoint). */
export function failureOf(operation: string, place: string, error: unknown): Error {
  const refusal = refusalOf(error);
  const status = refusal.status === undefined ? '' : ` (status ${refusal.status})`;
  const message = `${operation} of ${place}: ${refusal.code}: ${refusal.message}${status}`;
  return isRetriable(refusal) ? new RetriableError(message) : new Error(message);
}
