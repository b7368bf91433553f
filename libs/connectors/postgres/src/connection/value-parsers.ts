import type { DataValue, Schema } from '@moldau/connect';

const DAY_MS = 86_400_000;

interface ColumnType {
  readonly schema: (modifier: number) => Schema;
  readonly parse: (text: string) => DataValue;
}

const plain = (
  type: 'int16' | 'int32' | 'int64' | 'float32' | 'float64' | 'boolean' | 'bytes' | 'date' | 'time' | 'timestamp',
): ColumnType['schema'] => {
  const schema: Schema = { type, optional: true };
  return () => schema;
};
const TEXT: Schema = { type: 'string', optional: true };
const asText: ColumnType = { schema: () => TEXT, parse: (text) => text };

/** Types of PostgreSQL by their oid; all others are text as the database writes them. */
const TYPES: ReadonlyMap<number, ColumnType> = new Map<number, ColumnType>([
  [16, { schema: plain('boolean'), parse: (text) => text === 't' }],
  [17, { schema: plain('bytes'), parse: (text) => new Uint8Array(Buffer.from(text.slice(2), 'hex')) }],
  [20, { schema: plain('int64'), parse: parseInt64 }],
  [21, { schema: plain('int16'), parse: Number }],
  [23, { schema: plain('int32'), parse: Number }],
  [26, { schema: plain('int64'), parse: Number }],
  [700, { schema: plain('float32'), parse: Number }],
  [701, { schema: plain('float64'), parse: Number }],
  [1082, { schema: plain('date'), parse: (text) => (parseTime(`${text} 00:00:00`) ?? 0) / DAY_MS }],
  [1083, { schema: plain('time'), parse: (text) => parseTime(`1970-01-01 ${text}`) ?? 0 }],
  [1114, { schema: plain('timestamp'), parse: (text) => parseTime(text) ?? null }],
  [1184, { schema: plain('timestamp'), parse: (text) => parseTime(text) ?? null }],
  [1700, { schema: decimal, parse: (text) => text }],
]);

/** The parser for the driver; the format is always text. */
export function parserOf(oid: number): (text: string) => DataValue {
  return (TYPES.get(oid) ?? asText).parse;
}

/** The schema of a column. The driver's `dataTypeModifier` holds the scale of a numeric. */
export function schemaOf(oid: number, modifier: number): Schema {
  return (TYPES.get(oid) ?? asText).schema(modifier);
}

/** A numeric without a scale may have any number of digits behind the point: only text keeps it whole. */
function decimal(modifier: number): Schema {
  return modifier < 4 ? TEXT : { type: 'decimal', scale: (modifier - 4) & 0x7ff, optional: true };
}

function parseInt64(text: string): number | bigint {
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : BigInt(text);
}

/** `2026-11-23 10:11:12.123456[+00]` in milliseconds; undefined for infinity and years before Christ. */
function parseTime(text: string): number | undefined {
  const found = /^(\d{4,6})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:\+00)?$/.exec(text);
  if (found === null) return undefined;
  const [, year, month, day, hour, minute, second, fraction = ''] = found;
  const ms = Number(fraction.padEnd(3, '0').slice(0, 3));
  const date = new Date(0);
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  return date.setUTCHours(Number(hour), Number(minute), Number(second), ms);
}
