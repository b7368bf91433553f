import type { StatusName } from '../ports/transport.ts';

/**
 * `definite`: what was asked for surely did not happen. `indefinite`: it may have happened, now or later; only an
 * idempotent retry or a read tells.
 */
export type Certainty = 'definite' | 'indefinite';

export interface CatalogueEntry {
  /** Stable number, never reused. */
  readonly code: number;
  readonly status: StatusName;
  /** The same request may succeed later without a change by the caller. */
  readonly retriable: boolean;
  readonly certainty: Certainty;
  readonly description: string;
}

/** One line of the catalogue. */
export function row(
  code: number,
  status: StatusName,
  answer: 'final' | 'retriable',
  certainty: Certainty,
  description: string,
): CatalogueEntry {
  return { code, status, retriable: answer === 'retriable', certainty, description };
}
