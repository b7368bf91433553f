import { declareConfig } from '../config/config-declaration.ts';
import { DataError } from '../data/data-error.ts';
import { type Datum, NULL_DATUM } from '../data/datum.ts';
import { describeValue } from '../data/describe-value.ts';
import { schemas } from '../data/schemas.ts';
import type { Converter, ConverterDefinition } from './converter.ts';
import { stringifyJson } from './json-text.ts';
import { textOf } from './utf8.ts';

const NO_SETTINGS = declareConfig({});
const STRING = schemas.string({ optional: true });
const BYTES = schemas.bytes({ optional: true });

/** A text as it is goes to the producer, which writes it into its batch: nothing is allocated but the datum. */
export const stringConverter: ConverterDefinition = {
  name: 'string',
  aliases: ['org.apache.kafka.connect.storage.StringConverter', 'StringConverter'],
  doc: 'Text in UTF-8. What is no text is written as JSON. Bytes that are not UTF-8 are an error, where Kafka replaces them.',
  config: NO_SETTINGS,
  create: () => ({
    decode: (bytes) => (bytes === null ? NULL_DATUM : { schema: STRING, value: textOf(bytes) }),
    encode: encodeString,
  }),
};

export const bytesConverter: ConverterDefinition = {
  name: 'bytes',
  aliases: ['org.apache.kafka.connect.converters.ByteArrayConverter', 'ByteArrayConverter'],
  doc: 'Bytes as they are. A text is written as UTF-8; anything else is an error.',
  config: NO_SETTINGS,
  create: () => ({
    decode: (bytes) => (bytes === null ? NULL_DATUM : { schema: BYTES, value: bytes }),
    encode: encodeBytes,
  }),
};

function encodeString({ value }: Datum): string | Uint8Array | null {
  if (typeof value === 'string') return value;
  if (value === null || value === undefined) return null;
  return value instanceof Uint8Array ? value : stringifyJson(value);
}

function encodeBytes({ value }: Datum): string | Uint8Array | null {
  if (value instanceof Uint8Array || typeof value === 'string') return value;
  if (value === null || value === undefined) return null;
  throw new DataError(`the bytes converter writes bytes and texts, not ${describeValue(value)}`);
}

/** How one type lies in bytes, big-endian, as Kafka's serializers have it. */
interface FixedType {
  readonly kafkaName: string;
  readonly type: 'int16' | 'int32' | 'int64' | 'float32' | 'float64' | 'boolean';
  readonly size: number;
  read(view: DataView): number | bigint | boolean;
  /** False if the value does not fit. */
  write(view: DataView, value: number | bigint | boolean): boolean;
}

const FIXED_TYPES: readonly FixedType[] = [
  {
    kafkaName: 'Short',
    type: 'int16',
    size: 2,
    read: (view) => view.getInt16(0),
    write: (view, value) => isWhole(value, 0x8000) && (view.setInt16(0, Number(value)), true),
  },
  {
    kafkaName: 'Integer',
    type: 'int32',
    size: 4,
    read: (view) => view.getInt32(0),
    write: (view, value) => isWhole(value, 0x8000_0000) && (view.setInt32(0, Number(value)), true),
  },
  { kafkaName: 'Long', type: 'int64', size: 8, read: (view) => safe(view.getBigInt64(0)), write: writeLong },
  { kafkaName: 'Float', type: 'float32', size: 4, read: (view) => view.getFloat32(0), write: (view, value) => writeFloat(view, value) },
  { kafkaName: 'Double', type: 'float64', size: 8, read: (view) => view.getFloat64(0), write: (view, value) => writeFloat(view, value) },
  { kafkaName: 'Boolean', type: 'boolean', size: 1, read: readBoolean, write: writeBoolean },
];

/** Kafka's converters of single numbers and booleans. */
export const fixedConverters: readonly ConverterDefinition[] = FIXED_TYPES.map((fixed) => ({
  name: fixed.type,
  aliases: [`org.apache.kafka.connect.converters.${fixed.kafkaName}Converter`, `${fixed.kafkaName}Converter`],
  doc: `One value of type ${fixed.type} in ${fixed.size} byte${fixed.size === 1 ? '' : 's'}, big-endian, as Kafka's ${fixed.kafkaName}Serializer writes it.`,
  config: NO_SETTINGS,
  create: () => fixedConverter(fixed),
}));

function fixedConverter(fixed: FixedType): Converter {
  const schema = schemas[fixed.type]({ optional: true });
  return {
    decode: (bytes) => {
      if (bytes === null) return NULL_DATUM;
      if (bytes.length !== fixed.size) throw new DataError(`${bytes.length} bytes are no ${fixed.type}: it has ${fixed.size}`);
      return { schema, value: fixed.read(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)) };
    },
    encode: ({ value }) => {
      if (value === null || value === undefined) return null;
      const bytes = new Uint8Array(fixed.size);
      const isScalar = typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean';
      if (!isScalar || !fixed.write(new DataView(bytes.buffer), value)) throw new DataError(`${describeValue(value)} is no ${fixed.type}`);
      return bytes;
    },
  };
}

/** A bigint only where a number would lose digits. */
export function safe(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function isWhole(value: number | bigint | boolean, limit: number): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= -limit && value < limit;
}

function writeLong(view: DataView, value: number | bigint | boolean): boolean {
  if (typeof value === 'boolean' || (typeof value === 'number' && !Number.isSafeInteger(value))) return false;
  const whole = BigInt(value);
  if (BigInt.asIntN(64, whole) !== whole) return false;
  view.setBigInt64(0, whole);
  return true;
}

function writeFloat(view: DataView, value: number | bigint | boolean): boolean {
  if (typeof value !== 'number') return false;
  if (view.byteLength === 4) view.setFloat32(0, value);
  else view.setFloat64(0, value);
  return true;
}

function readBoolean(view: DataView): boolean {
  const byte = view.getUint8(0);
  if (byte > 1) throw new DataError(`byte ${byte} is no boolean: it is 0 or 1`);
  return byte === 1;
}

function writeBoolean(view: DataView, value: number | bigint | boolean): boolean {
  if (typeof value !== 'boolean') return false;
  view.setUint8(0, value ? 1 : 0);
  return true;
}
