import { isInt64 } from '../data/check-value.ts';
import { DataError } from '../data/data-error.ts';
import { bytesOfInteger, decimalOf, integerOfBytes, unscaledOf } from '../data/decimal.ts';
import { describeValue } from '../data/describe-value.ts';
import type { JsonValue } from '../data/json-value.ts';
import type { Schema } from '../data/schema.ts';
import { schemas } from '../data/schemas.ts';
import type { DataValue } from '../data/value.ts';
import type { AvroCodec } from './avro-codec.ts';

const INT32_MAX = 2_147_483_647;

/** Avro's primitive types but null, which is only part of unions. */
export const AVRO_PRIMITIVES: Readonly<Record<string, AvroCodec>> = {
  boolean: {
    schema: schemas.boolean(),
    read: (reader) => {
      const byte = reader.byte();
      if (byte > 1) throw new DataError(`byte ${byte} is no boolean`);
      return byte === 1;
    },
    write: (writer, value) => writer.byte(typeof value === 'boolean' ? Number(value) : refuse(value, 'a boolean')),
    fromDefault: (json) => (typeof json === 'boolean' ? json : refuse(json, 'a boolean')),
  },
  int: intCodec(schemas.int32()),
  long: longCodec(schemas.int64()),
  float: {
    schema: schemas.float32(),
    read: (reader) => reader.float(),
    write: (writer, value) => writer.float(typeof value === 'number' ? value : refuse(value, 'a float')),
    fromDefault: numberDefault,
  },
  double: {
    schema: schemas.float64(),
    read: (reader) => reader.double(),
    write: (writer, value) => writer.double(typeof value === 'number' ? value : refuse(value, 'a double')),
    fromDefault: numberDefault,
  },
  bytes: {
    schema: schemas.bytes(),
    read: (reader) => reader.bytes(reader.size()),
    write: (writer, value) => {
      const bytes = value instanceof Uint8Array ? value : refuse(value, 'bytes');
      writer.long(bytes.length);
      writer.raw(bytes);
    },
    fromDefault: latin1Bytes,
  },
  string: {
    schema: schemas.string(),
    read: (reader) => reader.string(),
    write: (writer, value) => writer.string(typeof value === 'string' ? value : refuse(value, 'a text')),
    fromDefault: (json) => (typeof json === 'string' ? json : refuse(json, 'a text')),
  },
};

/** `int` and its logical types. */
export function intCodec(schema: Schema): AvroCodec {
  return {
    schema,
    read: (reader) => reader.int(),
    write: (writer, value) => {
      const fits = typeof value === 'number' && Number.isInteger(value) && value >= -INT32_MAX - 1 && value <= INT32_MAX;
      writer.long(fits ? value : refuse(value, 'an int'));
    },
    fromDefault: numberDefault,
  };
}

/** `long` and its logical types. */
export function longCodec(schema: Schema): AvroCodec {
  return {
    schema,
    read: (reader) => reader.long(),
    write: (writer, value) => writer.long(isInt64(value) ? value : refuse(value, 'a long')),
    fromDefault: numberDefault,
  };
}

/** `decimal` on bytes, or on a fixed type of `size` bytes. */
export function decimalCodec(scale: number, size?: number): AvroCodec {
  const decode = (bytes: Uint8Array): string => decimalOf(integerOfBytes(bytes), scale);
  return {
    schema: schemas.decimal(scale),
    read: (reader) => decode(reader.bytes(size ?? reader.size())),
    write: (writer, value) => {
      const bytes = bytesOfInteger(unscaledOf(typeof value === 'string' ? value : refuse(value, 'a decimal'), scale));
      if (size === undefined) writer.long(bytes.length);
      writer.raw(size === undefined ? bytes : signExtended(bytes, size));
    },
    fromDefault: (json) => decode(latin1Bytes(json)),
  };
}

export function fixedCodec(name: string, size: number): AvroCodec {
  return {
    schema: schemas.bytes({ name }),
    read: (reader) => reader.bytes(size),
    write: (writer, value) => {
      const bytes = value instanceof Uint8Array && value.length === size ? value : refuse(value, `${size} bytes (${name})`);
      writer.raw(bytes);
    },
    fromDefault: latin1Bytes,
  };
}

export function enumCodec(name: string, symbols: readonly string[]): AvroCodec {
  const indexes = new Map(symbols.map((symbol, index) => [symbol, index]));
  const wanted = `one of ${symbols.slice(0, 10).join(', ')} (${name})`;
  return {
    schema: schemas.string({ name }),
    read: (reader) => {
      const index = reader.int();
      return symbols[index] ?? refuse(index, wanted);
    },
    write: (writer, value) => writer.long((typeof value === 'string' ? indexes.get(value) : undefined) ?? refuse(value, wanted)),
    fromDefault: (json) => (typeof json === 'string' && indexes.has(json) ? json : refuse(json, wanted)),
  };
}

/** @throws DataError always */
export function refuse(value: DataValue, wanted: string): never {
  throw new DataError(`${describeValue(value)} is not ${wanted}`);
}

function numberDefault(json: JsonValue): number {
  return typeof json === 'number' ? json : refuse(json, 'a number');
}

/** Avro's JSON writes bytes as a text whose characters are the bytes. */
function latin1Bytes(json: JsonValue): Uint8Array {
  if (typeof json !== 'string') return refuse(json, 'a text of bytes');
  return new Uint8Array(Buffer.from(json, 'latin1'));
}

function signExtended(bytes: Uint8Array, size: number): Uint8Array {
  if (bytes.length > size) throw new DataError(`a number of ${bytes.length} bytes does not fit into ${size}`);
  const padded = new Uint8Array(size).fill(((bytes[0] ?? 0) & 0x80) === 0 ? 0 : 0xff);
  padded.set(bytes, size - bytes.length);
  return padded;
}
