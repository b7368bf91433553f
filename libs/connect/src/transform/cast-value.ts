import { base64, stringifyJson } from '../converter/json-text.ts';
import { safe } from '../converter/plain-converters.ts';
import { isInt64 } from '../data/check-value.ts';
import { DataError } from '../data/data-error.ts';
import { describeValue } from '../data/describe-value.ts';
import type { Schema } from '../data/schema.ts';
import type { DataValue } from '../data/value.ts';
import { DAY_MS } from '../time/civil-time.ts';
import { compileDatePattern } from '../time/date-pattern.ts';

export const CAST_TYPES = ['int8', 'int16', 'int32', 'int64', 'float32', 'float64', 'boolean', 'string'] as const;
export type CastType = (typeof CAST_TYPES)[number];

const BITS: Readonly<Partial<Record<CastType, bigint>>> = { int8: 8n, int16: 16n, int32: 32n, int64: 64n };

/** Kafka's texts of its logical types. */
const TEXTS = {
  date: compileDatePattern('yyyy-MM-dd'),
  time: compileDatePattern("HH:mm:ss.SSS'Z'"),
  timestamp: compileDatePattern("yyyy-MM-dd'T'HH:mm:ss.SSS'Z'"),
} as const;

/**
 * The value as another type. A fraction is cut off; a number that does not fit is an error, where Kafka keeps its lowest bits.
 * @throws DataError
 */
export function castValue(value: DataValue, type: CastType, from?: Schema): DataValue {
  if (value === null || value === undefined) return value;
  switch (type) {
    case 'int8':
    case 'int16':
    case 'int32':
    case 'int64':
      return castWhole(value, type);
    case 'float32':
      return Math.fround(castNumber(value, type));
    case 'float64':
      return castNumber(value, type);
    case 'boolean':
      return castBoolean(value);
    case 'string':
      return castText(value, from);
  }
}

function castWhole(value: DataValue, type: CastType): DataValue {
  const whole = wholeOf(value, type);
  const bits = BITS[type] ?? 64n;
  const limit = 2n ** (bits - 1n);
  if (whole < -limit || whole >= limit) throw new DataError(`${describeValue(value)} does not fit into ${type}`);
  return safe(whole);
}

function wholeOf(value: DataValue, type: CastType): bigint {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'boolean') return value ? 1n : 0n;
  if (typeof value === 'number' && Number.isFinite(value)) return BigInt(Math.trunc(value));
  if (typeof value === 'string' && /^[-+]?\d{1,30}$/.test(value)) return BigInt(value.replace('+', ''));
  // Decimals are texts; cutting their fraction off is what is asked for.
  if (typeof value === 'string' && /^[-+]?\d{1,30}\.\d+$/.test(value)) return BigInt(value.replace('+', '').replace(/\.\d+$/, ''));
  throw new DataError(`${describeValue(value)} can't be cast to ${type}`);
}

function castNumber(value: DataValue, type: CastType): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (isInt64(value)) return Number(value);
  const isText = typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value));
  if (!isText) throw new DataError(`${describeValue(value)} can't be cast to ${type}`);
  return Number(value);
}

function castBoolean(value: DataValue): boolean {
  if (typeof value === 'boolean') return value;
  if (typeof value === 'number' || typeof value === 'bigint') return Number(value) !== 0;
  if (typeof value === 'string') return value.toLowerCase() === 'true';
  throw new DataError(`${describeValue(value)} can't be cast to boolean`);
}

function castText(value: DataValue, from: Schema | undefined): string {
  if (typeof value === 'number' && (from?.type === 'date' || from?.type === 'time' || from?.type === 'timestamp')) {
    return TEXTS[from.type].format(from.type === 'date' ? value * DAY_MS : value);
  }
  if (value instanceof Uint8Array) return base64(value);
  return typeof value === 'object' ? stringifyJson(value) : String(value);
}
