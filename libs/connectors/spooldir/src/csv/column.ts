import { DAY_MS, type DataValue, type DatePattern, type Schema, schemas } from '@moldau/connect';

/** What a column's texts are read by. */
export interface ColumnFormats {
  readonly date: DatePattern;
  readonly time: DatePattern;
  readonly timestamp: ReadTime;
}

/** A column that was declared, or found in a header. */
export interface Column {
  readonly name: string;
  readonly schema: Schema;
  /** @throws Error if the text is no value of the column's type */
  read(text: string): DataValue;
}

/** @throws Error if the text is no time */
export type ReadTime = (text: string) => number;

type Read = (text: string, formats: ColumnFormats) => DataValue;

interface ColumnType {
  readonly schema: Schema;
  readonly read: Read;
}

const TYPES: Readonly<Record<string, ColumnType>> = {
  int8: { schema: schemas.int8(), read: whole('int8', 7n) },
  int16: { schema: schemas.int16(), read: whole('int16', 15n) },
  int32: { schema: schemas.int32(), read: whole('int32', 31n) },
  int64: { schema: schemas.int64(), read: whole('int64', 63n) },
  float32: { schema: schemas.float32(), read: (text) => Math.fround(readNumber(text, 'float32')) },
  float64: { schema: schemas.float64(), read: (text) => readNumber(text, 'float64') },
  boolean: { schema: schemas.boolean(), read: readBoolean },
  string: { schema: schemas.string(), read: (text) => text },
  date: { schema: schemas.date(), read: (text, { date }) => Math.floor(date.parse(text) / DAY_MS) },
  time: { schema: schemas.time(), read: (text, { time }) => time.parse(text) },
  timestamp: { schema: schemas.timestamp(), read: (text, { timestamp }) => timestamp(text) },
};

const DECLARATION = /^([^:]+):([a-z]+\d*)(?:\((\d{1,3})\))?(\?)?$/;

/** What is wrong with a declaration such as `price:decimal(2)?`; undefined if nothing is. */
export function columnComplaint(declared: string): string | undefined {
  const [, , type = '', scale] = DECLARATION.exec(declared) ?? [];
  const isKnown = type === 'decimal' ? scale !== undefined : Object.hasOwn(TYPES, type) && scale === undefined;
  return isKnown
    ? undefined
    : `"${declared.slice(0, 100)}" is no name:type with one of ${Object.keys(TYPES).join(', ')}, decimal(scale), and ? behind it`;
}

/** @throws Error with `columnComplaint` */
export function columnOf(declared: string, formats: ColumnFormats): Column {
  const complaint = columnComplaint(declared);
  if (complaint !== undefined) throw new Error(complaint);
  const [, name = '', type = '', scale, mayBeNull] = DECLARATION.exec(declared) ?? [];
  const found = type === 'decimal' ? decimal(Number(scale)) : (TYPES[type] as ColumnType);
  const schema = mayBeNull === undefined ? found.schema : { ...found.schema, optional: true };
  return { name, schema, read: (text) => found.read(text, formats) };
}

/** A column that nothing was said of: a text, or null. */
export function textColumn(name: string): Column {
  return { name, schema: schemas.string({ optional: true }), read: (text) => text };
}

/** Reads a time by the first pattern that fits; the one that fitted last is tried first, as a column keeps to one. */
export function anyOf(patterns: readonly DatePattern[]): ReadTime {
  let order = patterns;
  return (text) => {
    let first: unknown;
    for (const pattern of order) {
      try {
        const time = pattern.parse(text);
        if (pattern !== order[0]) order = [pattern, ...patterns.filter((other) => other !== pattern)];
        return time;
      } catch (error) {
        first ??= error;
      }
    }
    throw first instanceof Error ? first : new Error('csv.timestamp.formats is empty');
  };
}

function whole(type: string, bits: bigint): Read {
  const limit = 2n ** bits;
  return (text) => {
    const trimmed = text.trim();
    if (!/^[-+]?\d{1,30}$/.test(trimmed)) throw new Error(`"${text.slice(0, 100)}" is not a whole number`);
    const number = Number(trimmed);
    if (Number.isSafeInteger(number) && Math.abs(number) < Number(limit)) return number === 0 ? 0 : number;
    const exact = BigInt(trimmed.replace('+', ''));
    if (exact < -limit || exact >= limit) throw new Error(`${trimmed} does not fit into ${type}`);
    return Number.isSafeInteger(number) ? number : exact;
  };
}

function readNumber(text: string, type: string): number {
  const isNumber = /^\s*[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?\s*$/.test(text);
  if (!isNumber) throw new Error(`"${text.slice(0, 100)}" is not a number`);
  const number = Number(text);
  if (!Number.isFinite(number)) throw new Error(`${text.trim()} does not fit into ${type}`);
  return number;
}

function readBoolean(text: string): boolean {
  const word = text.trim().toLowerCase();
  if (word === 'true' || word === '1') return true;
  if (word === 'false' || word === '0') return false;
  throw new Error(`"${text.slice(0, 100)}" is none of true, false, 1, 0`);
}

function decimal(scale: number): ColumnType {
  return {
    schema: schemas.decimal(scale),
    read: (text) => {
      const [, sign = '', integer = '', fraction = ''] = /^\s*([-+]?)(\d{1,1000})(?:\.(\d{0,1000}))?\s*$/.exec(text) ?? [];
      if (integer === '') throw new Error(`"${text.slice(0, 100)}" is not a decimal number`);
      if (fraction.length > scale) throw new Error(`${text.trim()} has ${fraction.length} digits after the point; the scale is ${scale}`);
      const digits = `${integer.replace(/^0+(?=\d)/, '')}${scale === 0 ? '' : `.${fraction.padEnd(scale, '0')}`}`;
      return sign === '-' && /[1-9]/.test(digits) ? `-${digits}` : digits;
    },
  };
}
