import type { StatusName } from '../ports/transport.ts';
import { type Certainty, ERROR_CATALOGUE, type ErrorName } from './catalogue.ts';

/** Facts of an error for programs: the thing, the value, the limit; strings only, as `google.rpc.ErrorInfo` has them. */
export type ErrorFacts = Readonly<Record<string, string>>;

/** An operating error: expected to happen, handled by the caller. Its meaning is its `reason`, a name of the catalogue. */
export class MoldauError extends Error {
  override readonly name = 'MoldauError';
  readonly reason: ErrorName;
  readonly facts: ErrorFacts;
  /** How long to wait before a retry, where the sender knew better than the caller's back-off. */
  readonly retryAfterMs: number | undefined;

  constructor(
    reason: ErrorName,
    message: string,
    facts: ErrorFacts = {},
    options: { readonly cause?: unknown; readonly retryAfterMs?: number } = {},
  ) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.reason = reason;
    this.facts = facts;
    this.retryAfterMs = options.retryAfterMs;
  }

  /** Anything caught, as a MoldauError; what is not one already becomes INTERNAL with the original as its cause. */
  static from(caught: unknown): MoldauError {
    if (caught instanceof MoldauError) return caught;
    const message = caught instanceof Error ? caught.message : String(caught);
    return new MoldauError('INTERNAL', message, {}, { cause: caught });
  }

  get code(): number {
    return ERROR_CATALOGUE[this.reason].code;
  }

  get status(): StatusName {
    return ERROR_CATALOGUE[this.reason].status;
  }

  get retriable(): boolean {
    return ERROR_CATALOGUE[this.reason].retriable;
  }

  get certainty(): Certainty {
    return ERROR_CATALOGUE[this.reason].certainty;
  }

  /** Where the documentation explains this error. */
  get help(): string {
    return `docs/errors.md#${this.reason.toLowerCase()}`;
  }
}
