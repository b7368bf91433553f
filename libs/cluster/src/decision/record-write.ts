import type { Stored } from '../image/metadata-image.ts';

/** What a write requires of its key: to be absent, to be as read at this mod revision, or nothing. */
export type Expected = 'absent' | 'any' | number;

/** A change of one record, as a decision wants it; the controller adds its own fencing. */
export interface RecordWrite {
  /** Below the cluster's prefix. */
  readonly key: string;
  /** Undefined: delete. */
  readonly value: Uint8Array | undefined;
  readonly expected: Expected;
}

/**
 * Writes of one transaction: etcd allows 128 comparisons and operations; the rest is for fencing. What needs more is a
 * sequence of transactions under a recorded state.
 */
export const WRITES_PER_TRANSACTION_MAX = 120;

/** What a decision on a record that was read expects of it. */
export function asRead(stored: Stored | undefined): Expected {
  return stored === undefined ? 'absent' : stored.modRevision;
}
