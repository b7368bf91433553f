import { DEPTH_MAX } from '../data/check-value.ts';
import { DataError } from '../data/data-error.ts';
import { isFields } from '../data/fields.ts';
import type { DataValue } from '../data/value.ts';

/** What V8 has of "JSON.parse source text access" (ECMA-262 proposal), which TypeScript's library lacks. */
interface JsonWithSource {
  parse(text: string, reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown): unknown;
  rawJSON(text: string): object;
}

const json = JSON as unknown as JsonWithSource;
/** A run of digits that may be more than a number can hold. */
const LONG_DIGITS = /\d{16}/;
const WHOLE = /^-?\d+$/;

/** A number written with exactly these digits; only inside what `JSON.stringify` is given. */
export function rawNumber(text: string): object {
  return json.rawJSON(text);
}

/** JSON as a plain value; whole numbers beyond 2^53 as `bigint`. @throws DataError */
export function parseJson(text: string): DataValue {
  try {
    const value: unknown = LONG_DIGITS.test(text) ? json.parse(text, reviveLong) : JSON.parse(text);
    return value as DataValue;
  } catch (error) {
    throw new DataError(`no JSON: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

function reviveLong(_key: string, value: unknown, { source }: { readonly source?: string }): unknown {
  const isLong = typeof value === 'number' && !Number.isSafeInteger(value) && source !== undefined && WHOLE.test(source);
  return isLong ? BigInt(source) : value;
}

/** A plain value as JSON; bytes in base64, maps as objects where their keys are texts, else as lists of pairs. @throws DataError */
export function stringifyJson(value: DataValue): string {
  return JSON.stringify(toJson(value, 0));
}

/** The value with what JSON lacks replaced; the value itself where nothing has to be. */
export function toJson(value: DataValue, depth: number): unknown {
  if (value === null || value === undefined) return null;
  if (typeof value === 'bigint') return rawNumber(String(value));
  if (typeof value === 'number') return finite(value);
  if (typeof value !== 'object') return value;
  if (depth > DEPTH_MAX) throw new DataError(`nested deeper than ${DEPTH_MAX}`);
  if (value instanceof Uint8Array) return base64(value);
  if (Array.isArray(value)) return (value as readonly DataValue[]).map((item) => toJson(item, depth + 1));
  if (value instanceof Map) return mapToJson([...(value as ReadonlyMap<DataValue, DataValue>)], (each) => toJson(each, depth + 1));
  return isFields(value) ? Object.fromEntries(Object.entries(value).map(([name, each]) => [name, toJson(each, depth + 1)])) : null;
}

/** JSON has no NaN and no infinities; null in their place would be another value. */
export function finite(value: number): number {
  if (!Number.isFinite(value)) throw new DataError(`${value} can't be written as JSON`);
  return value;
}

export function mapToJson<K>(entries: readonly (readonly [K, DataValue])[], convert: (value: DataValue) => unknown): unknown {
  const texts = entries.every(([key]) => typeof key === 'string');
  const converted = entries.map(([key, value]) => [key, convert(value)] as const);
  return texts ? Object.fromEntries(converted as readonly (readonly [string, unknown])[]) : converted;
}

export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}
