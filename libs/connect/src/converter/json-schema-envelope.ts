import { DEPTH_MAX } from '../data/check-value.ts';
import { DataError } from '../data/data-error.ts';
import { describeValue } from '../data/describe-value.ts';
import { isFields, readField } from '../data/fields.ts';
import type { Schema, SchemaFacts, SimpleSchema } from '../data/schema.ts';
import { schemas } from '../data/schemas.ts';
import type { DataFields, DataValue } from '../data/value.ts';
import { fromJson, payloadOf } from './json-payload.ts';
import { stringifyJson } from './json-text.ts';

/**
 * Kafka Connect's schemas as JSON, the first half of `{"schema": …, "payload": …}`:
 * `{"type": "struct", "optional": false, "name": "…", "fields": [{"field": "id", "type": "int32", "optional": false}]}`.
 * Logical types are a plain type with a name that Kafka reserves.
 */
const KAFKA_NAMES: Readonly<Record<string, SimpleSchema['type']>> = {
  int8: 'int8',
  int16: 'int16',
  int32: 'int32',
  int64: 'int64',
  float: 'float32',
  double: 'float64',
  boolean: 'boolean',
  string: 'string',
  bytes: 'bytes',
};

const LOGICAL_PREFIX = 'org.apache.kafka.connect.data.';
const LOGICAL: Readonly<Record<string, { readonly base: string; readonly type: 'date' | 'time' | 'timestamp' }>> = {
  Date: { base: 'int32', type: 'date' },
  Time: { base: 'int32', type: 'time' },
  Timestamp: { base: 'int64', type: 'timestamp' },
};

/** The schema as Kafka's JSON. */
export function schemaToJson(schema: Schema): Readonly<Record<string, unknown>> {
  return { ...shapeToJson(schema), ...factsToJson(schema) };
}

/** The inverse of `schemaToJson`. @throws DataError */
export function schemaFromJson(json: DataValue, depth = 0): Schema {
  if (depth > DEPTH_MAX) throw new DataError(`a schema nested deeper than ${DEPTH_MAX}`);
  if (!isFields(json)) throw new DataError(`a schema is a JSON object, not ${describeValue(json)}`);
  const schema = shapeFromJson(json, factsFromJson(json), depth);
  const fallback = readField(json, 'default');
  return fallback === null || fallback === undefined ? schema : { ...schema, default: fromJson(schema, fallback, '') };
}

function shapeToJson(schema: Schema): Readonly<Record<string, unknown>> {
  switch (schema.type) {
    case 'array':
      return { type: 'array', items: schemaToJson(schema.items) };
    case 'map':
      return { type: 'map', keys: schemaToJson(schema.keys), values: schemaToJson(schema.values) };
    case 'struct':
      return { type: 'struct', fields: schema.fields.map(({ name, schema: inner }) => ({ ...schemaToJson(inner), field: name })) };
    case 'decimal':
      return { type: 'bytes', parameters: { ...schema.parameters, scale: String(schema.scale) } };
    case 'date':
    case 'time':
      return { type: 'int32' };
    case 'timestamp':
      return { type: 'int64' };
    case 'float32':
      return { type: 'float' };
    case 'float64':
      return { type: 'double' };
    case 'int8':
    case 'int16':
    case 'int32':
    case 'int64':
    case 'boolean':
    case 'string':
    case 'bytes':
      return { type: schema.type };
  }
}

function factsToJson(schema: Schema): Readonly<Record<string, unknown>> {
  const logical = logicalName(schema);
  const version = schema.version ?? (logical === undefined ? undefined : 1);
  const hasParameters = schema.type !== 'decimal' && schema.parameters !== undefined;
  return {
    optional: schema.optional ?? false,
    ...(logical === undefined && schema.name === undefined ? {} : { name: logical ?? schema.name }),
    ...(version === undefined ? {} : { version }),
    ...(schema.doc === undefined ? {} : { doc: schema.doc }),
    ...(hasParameters ? { parameters: schema.parameters } : {}),
    ...(schema.default === undefined ? {} : { default: payloadOf(schema, schema.default, 'BASE64') }),
  };
}

function logicalName(schema: Schema): string | undefined {
  if (schema.type === 'decimal') return `${LOGICAL_PREFIX}Decimal`;
  const [name] = Object.entries(LOGICAL).find(([, { type }]) => type === schema.type) ?? [];
  return name === undefined ? undefined : LOGICAL_PREFIX + name;
}

function shapeFromJson(json: DataFields, facts: SchemaFacts, depth: number): Schema {
  const type = readField(json, 'type');
  if (type === 'array') return schemas.array(schemaFromJson(readField(json, 'items'), depth + 1), facts);
  if (type === 'map') {
    return schemas.map(schemaFromJson(readField(json, 'keys'), depth + 1), schemaFromJson(readField(json, 'values'), depth + 1), facts);
  }
  if (type === 'struct') return structFromJson(json, facts, depth);
  const logical = facts.name?.startsWith(LOGICAL_PREFIX) === true ? facts.name.slice(LOGICAL_PREFIX.length) : '';
  // The reserved names are types of their own here, so they are no longer names.
  const { name: _reserved, version: _version, ...rest } = facts;
  if (logical === 'Decimal' && type === 'bytes') {
    const { scale, ...parameters } = facts.parameters ?? {};
    const others = Object.keys(parameters).length > 0 ? { parameters } : {};
    const { parameters: _all, ...plain } = rest;
    return schemas.decimal(Number(scale ?? 'none'), { ...plain, ...others });
  }
  const known = Object.hasOwn(LOGICAL, logical) ? LOGICAL[logical] : undefined;
  if (known !== undefined && known.base === type) return schemas[known.type](rest);
  const plain = typeof type === 'string' && Object.hasOwn(KAFKA_NAMES, type) ? KAFKA_NAMES[type] : undefined;
  if (plain === undefined) throw new DataError(`a schema of unknown type ${describeValue(type)}`);
  return { ...facts, type: plain };
}

function structFromJson(json: DataFields, facts: SchemaFacts, depth: number): Schema {
  const fields = readField(json, 'fields');
  if (!Array.isArray(fields)) throw new DataError('a struct needs "fields", a list');
  const list = (fields as readonly DataValue[]).map((field) => {
    const name = isFields(field) ? readField(field, 'field') : undefined;
    if (typeof name !== 'string') throw new DataError('each field of a struct needs "field", its name');
    return { name, schema: schemaFromJson(field, depth + 1) };
  });
  return schemas.struct(list, facts);
}

function factsFromJson(json: DataFields): SchemaFacts {
  const { name, version, doc, optional, parameters } = json;
  return {
    ...(optional === true ? { optional: true } : {}),
    ...(typeof name === 'string' ? { name } : {}),
    ...(typeof version === 'number' ? { version } : {}),
    ...(typeof doc === 'string' ? { doc } : {}),
    ...(isFields(parameters)
      ? {
          parameters: Object.fromEntries(
            Object.entries(parameters).map(([key, value]) => [key, typeof value === 'string' ? value : stringifyJson(value)]),
          ),
        }
      : {}),
  };
}
