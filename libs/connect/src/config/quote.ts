import type { JsonValue } from '../data/json-value.ts';

/** Longest part of a value that a message repeats. */
const QUOTED_MAX = 100;

/** A value in a message: as JSON, cut when it is long. */
export function quote(value: JsonValue): string {
  const text = JSON.stringify(value);
  return text.length > QUOTED_MAX ? `${text.slice(0, QUOTED_MAX)}…` : text;
}
