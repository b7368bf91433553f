import { DEPTH_MAX } from './check-value.ts';
import { DataError } from './data-error.ts';
import { isFields, readField } from './fields.ts';
import type { Schema, SchemaType } from './schema.ts';
import type { DataValue } from './value.ts';

/** Whole and floating types, narrow to wide: a value may become any type to its right. */
const NUMERIC: readonly SchemaType[] = ['int8', 'int16', 'int32', 'int64', 'float32', 'float64'];

/**
 * What keeps values of `writer` from being read as `reader`, each with its place; empty if nothing does. Kafka's rules: whole
 * numbers may widen, fields may be missing if they are optional or have a default, fields that the reader lacks are dropped.
 */
export function incompatibilities(writer: Schema, reader: Schema): readonly string[] {
  return compare(writer, reader, '', 0);
}

/**
 * The value of `writer` as `reader` has it.
 * @throws DataError if the schemas don't allow it
 */
export function projectValue(value: DataValue, writer: Schema, reader: Schema): DataValue {
  const [problem] = incompatibilities(writer, reader);
  if (problem !== undefined) throw new DataError(problem);
  return project(value, writer, reader);
}

function compare(writer: Schema, reader: Schema, path: string, depth: number): readonly string[] {
  const at = path === '' ? '' : `${path}: `;
  if (depth > DEPTH_MAX) return [`${at}nested deeper than ${DEPTH_MAX}`];
  if (!convertible(writer, reader)) return [`${at}${writer.type} can't be read as ${reader.type}`];
  const nulls = writer.optional === true && reader.optional !== true && reader.default === undefined;
  return [...(nulls ? [`${at}may be null, and is required by the reader`] : []), ...compareInner(writer, reader, path, depth)];
}

function compareInner(writer: Schema, reader: Schema, path: string, depth: number): readonly string[] {
  if (writer.type === 'array' && reader.type === 'array') return compare(writer.items, reader.items, `${path}[]`, depth + 1);
  if (writer.type === 'map' && reader.type === 'map') {
    const keys = compare(writer.keys, reader.keys, `${path} key`, depth + 1);
    return [...keys, ...compare(writer.values, reader.values, `${path}{}`, depth + 1)];
  }
  if (writer.type !== 'struct' || reader.type !== 'struct') return [];
  const written = new Map(writer.fields.map(({ name, schema }) => [name, schema]));
  return reader.fields.flatMap(({ name, schema }) => {
    const place = path === '' ? name : `${path}.${name}`;
    const theirs = written.get(name);
    if (theirs !== undefined) return compare(theirs, schema, place, depth + 1);
    return schema.optional === true || schema.default !== undefined ? [] : [`${place}: missing, and required by the reader`];
  });
}

function convertible(writer: Schema, reader: Schema): boolean {
  if (writer.type === 'decimal' && reader.type === 'decimal') return writer.scale === reader.scale;
  if (writer.type === reader.type) return true;
  const from = NUMERIC.indexOf(writer.type);
  return from >= 0 && NUMERIC.indexOf(reader.type) > from;
}

function project(value: DataValue, writer: Schema, reader: Schema): DataValue {
  if (value === null || value === undefined) return reader.default ?? null;
  if (typeof value === 'bigint') return reader.type === 'int64' ? value : Number(value);
  if (writer.type === 'array' && reader.type === 'array' && Array.isArray(value)) {
    return (value as readonly DataValue[]).map((item) => project(item, writer.items, reader.items));
  }
  if (writer.type === 'map' && reader.type === 'map' && value instanceof Map) {
    const entries = [...(value as ReadonlyMap<DataValue, DataValue>)];
    return new Map(entries.map(([key, each]) => [project(key, writer.keys, reader.keys), project(each, writer.values, reader.values)]));
  }
  if (writer.type !== 'struct' || reader.type !== 'struct' || !isFields(value)) return value;
  const written = new Map(writer.fields.map(({ name, schema }) => [name, schema]));
  return Object.fromEntries(
    reader.fields.map(({ name, schema }) => {
      const theirs = written.get(name);
      return [name, theirs === undefined ? (schema.default ?? null) : project(readField(value, name), theirs, schema)];
    }),
  );
}
