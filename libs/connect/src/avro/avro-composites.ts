import { DataError } from '../data/data-error.ts';
import { fieldsOf, isFields, readField } from '../data/fields.ts';
import type { JsonValue } from '../data/json-value.ts';
import { optionalSchema, schemas } from '../data/schemas.ts';
import type { DataFields, DataValue } from '../data/value.ts';
import type { AvroCodec } from './avro-codec.ts';
import type { AvroReader } from './avro-reader.ts';
import { refuse } from './avro-scalars.ts';
import type { AvroWriter } from './avro-writer.ts';

/** Most elements of one array or map: elements of no bytes would cost their sender nothing. */
const ELEMENTS_MAX = 10_000_000;

/** `["null", T]` or `[T, "null"]`: an optional value. */
export function optionalCodec(inner: AvroCodec, nullIndex: 0 | 1): AvroCodec {
  return {
    schema: optionalSchema(inner.schema),
    read: (reader) => {
      const branch = reader.int();
      if (branch !== 0 && branch !== 1) throw new DataError(`branch ${branch} of a union of 2`);
      return branch === nullIndex ? null : inner.read(reader);
    },
    write: (writer, value) => {
      const isNull = value === null || value === undefined;
      writer.long(isNull ? nullIndex : 1 - nullIndex);
      if (!isNull) inner.write(writer, value);
    },
    // A default is of the union's first type, in newer specifications of any.
    fromDefault: (json) => (json === null ? null : inner.fromDefault(json)),
  };
}

export function arrayCodec(items: AvroCodec): AvroCodec {
  return {
    schema: schemas.array(items.schema),
    read: (reader) => {
      const list: DataValue[] = [];
      readBlocks(reader, () => list.push(items.read(reader)));
      return list;
    },
    write: (writer, value) => {
      const list = Array.isArray(value) ? (value as readonly DataValue[]) : refuse(value, 'a list');
      if (list.length > 0) writer.long(list.length);
      for (const item of list) items.write(writer, item);
      writer.long(0);
    },
    fromDefault: (json) =>
      Array.isArray(json) ? (json as readonly JsonValue[]).map((item) => items.fromDefault(item)) : refuse(json, 'a list'),
  };
}

/** Its keys are texts. Objects are written as maps too: values without a schema are so. */
export function mapCodec(values: AvroCodec): AvroCodec {
  return {
    schema: schemas.map(schemas.string(), values.schema),
    read: (reader) => {
      const map = new Map<string, DataValue>();
      readBlocks(reader, () => map.set(reader.string(), values.read(reader)));
      return map;
    },
    write: (writer, value) => writeMap(writer, value, values),
    fromDefault: (json) =>
      isFields(json) ? new Map(Object.entries(json).map(([key, each]) => [key, values.fromDefault(each)])) : refuse(json, 'an object'),
  };
}

/** A field of a record; `fallback` is undefined where it has no default. */
export interface AvroField {
  readonly name: string;
  readonly codec: AvroCodec;
  readonly fallback: DataValue;
}

export function recordCodec(facts: { readonly name: string; readonly doc?: string }, fields: readonly AvroField[]): AvroCodec {
  const schema = schemas.struct(
    fields.map(({ name, codec, fallback }) => ({
      name,
      schema: fallback === undefined || fallback === null ? codec.schema : { ...codec.schema, default: fallback },
    })),
    facts,
  );
  return {
    schema,
    read: (reader) => fieldsOf(fields.map(({ name, codec }) => [name, codec.read(reader)])),
    write: (writer, value) => {
      const struct = isFields(value) ? value : refuse(value, `a record (${facts.name})`);
      for (const field of fields) writeField(writer, field, struct);
    },
    fromDefault: (json) =>
      isFields(json) ? fieldsOf(fields.map((field) => [field.name, fieldDefault(field, json)])) : refuse(json, 'an object'),
  };
}

function writeField(writer: AvroWriter, { name, codec, fallback }: AvroField, struct: DataFields): void {
  try {
    const value = readField(struct, name);
    codec.write(writer, value === undefined ? fallback : value);
  } catch (error) {
    throw error instanceof DataError ? new DataError(`${name}: ${error.message}`) : error;
  }
}

function fieldDefault({ name, codec, fallback }: AvroField, json: DataFields): DataValue {
  return Object.hasOwn(json, name) ? codec.fromDefault(json[name] as JsonValue) : fallback;
}

function writeMap(writer: AvroWriter, value: DataValue, values: AvroCodec): void {
  const isMap = value instanceof Map;
  if (!isMap && !isFields(value)) refuse(value, 'a map');
  const entries = isMap ? [...(value as ReadonlyMap<DataValue, DataValue>)] : Object.entries(value);
  if (entries.length > 0) writer.long(entries.length);
  for (const [key, each] of entries) {
    writer.string(typeof key === 'string' ? key : refuse(key, 'a text, as keys of maps are'));
    values.write(writer, each);
  }
  writer.long(0);
}

/** Blocks of elements, each with its count, the last of 0. A negative count is followed by the block's size in bytes. */
function readBlocks(reader: AvroReader, readOne: () => void): void {
  let total = 0;
  for (;;) {
    const given = Number(reader.long());
    if (given === 0) return;
    if (given < 0) reader.long();
    const count = Math.abs(given);
    total += count;
    if (total > ELEMENTS_MAX) throw new DataError(`a list of ${total} elements; at most ${ELEMENTS_MAX} are allowed`);
    for (let index = 0; index < count; index++) readOne();
  }
}
