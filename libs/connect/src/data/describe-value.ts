import type { DataValue } from './value.ts';

/** Longest part of a value that a message repeats. */
const SHOWN_MAX = 60;

/** What kind of value it is, for messages; scalars with their beginning. */
export function describeValue(value: DataValue): string {
  if (value === undefined || value === null) return 'null';
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (value instanceof Map) return 'a map';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  const text = String(value);
  const cut = text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text;
  return typeof value === 'string' ? `the text "${cut}"` : `${typeof value} ${cut}`;
}
