import type { MoldauError, Offset } from '@moldau/kernel';

/** What to look for in a partition. */
export type OffsetPosition = 'earliest' | 'latest' | 'max-timestamp' | { readonly timestampMs: number };

export interface OffsetInquiry {
  readonly topic: string;
  readonly partition: number;
  readonly position: OffsetPosition;
}

/** What was found, or why nothing was. */
export interface FoundOffset {
  readonly topic: string;
  readonly partition: number;
  /** Undefined when no record is that new, or on error. */
  readonly offset: Offset | undefined;
  /** Of the record found, for positions by time. */
  readonly timestampMs: number | undefined;
  readonly leaderEpoch: number | undefined;
  readonly error: MoldauError | undefined;
}
