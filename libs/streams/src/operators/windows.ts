import { invalidTopology } from '../graph/invalid-topology.ts';

/** Windows of a fixed length that start every `advanceMs`; a record may be in several. */
export interface TimeWindows {
  readonly kind: 'time';
  readonly sizeMs: number;
  readonly advanceMs: number;
  readonly graceMs: number;
}

/** A window around each record: from `differenceMs` before it up to it, and from just after it up to `differenceMs` later. */
export interface SlidingWindows {
  readonly kind: 'sliding';
  readonly differenceMs: number;
  readonly graceMs: number;
}

/** Records of a key that follow each other within `gapMs`. */
export interface SessionWindows {
  readonly kind: 'session';
  readonly gapMs: number;
  readonly graceMs: number;
}

interface Grace {
  /** How long after its end a window takes records that come late, by event time; default 0. */
  readonly graceMs?: number;
}

/** The kinds of windows. Lengths are in ms of event time. @throws MoldauError INVALID_TOPOLOGY for lengths that make no sense */
export const windows = {
  tumbling({ sizeMs, graceMs = 0 }: { readonly sizeMs: number } & Grace): TimeWindows {
    return { kind: 'time', sizeMs: length('sizeMs', sizeMs), advanceMs: sizeMs, graceMs: grace(graceMs) };
  },
  hopping({ sizeMs, advanceMs, graceMs = 0 }: { readonly sizeMs: number; readonly advanceMs: number } & Grace): TimeWindows {
    length('advanceMs', advanceMs);
    if (advanceMs > sizeMs)
      throw invalidTopology(`windows of ${sizeMs} ms that start every ${advanceMs} ms leave records out`, {
        value: String(advanceMs),
        limit: String(sizeMs),
      });
    return { kind: 'time', sizeMs: length('sizeMs', sizeMs), advanceMs, graceMs: grace(graceMs) };
  },
  sliding({ differenceMs, graceMs = 0 }: { readonly differenceMs: number } & Grace): SlidingWindows {
    return { kind: 'sliding', differenceMs: length('differenceMs', differenceMs), graceMs: grace(graceMs) };
  },
  session({ gapMs, graceMs = 0 }: { readonly gapMs: number } & Grace): SessionWindows {
    return { kind: 'session', gapMs: length('gapMs', gapMs), graceMs: grace(graceMs) };
  },
} as const;

function length(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw invalidTopology(`${name} is ${value}; it takes whole milliseconds above 0`, { setting: name, value: String(value), limit: '1' });
}

function grace(value: number): number {
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw invalidTopology(`graceMs is ${value}; it takes whole milliseconds from 0`, {
    setting: 'graceMs',
    value: String(value),
    limit: '0',
  });
}
