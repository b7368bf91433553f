import { type DataValue, jsonText } from '@moldau/connect';

const DAY_MS = 86_400_000;

/** A value as the text that a column of this type takes, `type` as `format_type` says it. */
export function columnText(value: DataValue, type: string): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return /^(timestamp|time |date$)/.test(type) ? timeText(value, type) : String(value);
  if (typeof value !== 'object') return String(value);
  if (value instanceof Uint8Array) return `\\x${Buffer.from(value.buffer, value.byteOffset, value.length).toString('hex')}`;
  return jsonText({ value });
}

/** Milliseconds, or days for a date, in ISO 8601. */
function timeText(value: number, type: string): string {
  if (!Number.isFinite(value)) return String(value);
  const date = new Date(type === 'date' ? value * DAY_MS : value);
  // Beyond what a Date can hold the database says what is wrong with it.
  if (Number.isNaN(date.getTime())) return String(value);
  const text = date.toISOString();
  if (type === 'date') return text.slice(0, 10);
  return type.startsWith('timestamp') ? text : text.slice(11, -1);
}
