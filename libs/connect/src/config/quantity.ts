import type { JsonValue } from '../data/json-value.ts';
import { accepted, type Parsed, refused } from './config-field.ts';
import { quote } from './quote.ts';

const DURATIONS: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
]);

const SIZES: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['b', 1],
  ['kb', 1e3],
  ['mb', 1e6],
  ['gb', 1e9],
  ['kib', 2 ** 10],
  ['mib', 2 ** 20],
  ['gib', 2 ** 30],
]);

/** `1500`, `"1500"`, `"1.5s"` → 1500. */
export function parseDurationMs(value: JsonValue): Parsed<number> {
  return parseQuantity(value, DURATIONS, 'a number of milliseconds, or a number with ms, s, m, h or d');
}

/** `65536`, `"64KiB"` → 65536. */
export function parseSizeBytes(value: JsonValue): Parsed<number> {
  return parseQuantity(value, SIZES, 'a number of bytes, or a number with KiB, MiB, GiB, kB, MB or GB');
}

function parseQuantity(value: JsonValue, units: ReadonlyMap<string, number>, wanted: string): Parsed<number> {
  const [, digits, unit = ''] = /^\s*(-?\d+(?:\.\d+)?)\s*([a-zA-Z]*)\s*$/.exec(typeof value === 'object' ? '' : String(value)) ?? [];
  const factor = units.get(unit.toLowerCase());
  if (digits === undefined || factor === undefined) return refused(`${quote(value)} is not ${wanted}`);
  const amount = Math.round(Number(digits) * factor);
  return Number.isSafeInteger(amount) ? accepted(amount) : refused(`${quote(value)} is too large`);
}
