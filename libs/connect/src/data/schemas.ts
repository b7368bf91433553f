import { DataError } from './data-error.ts';
import type { ArraySchema, DecimalSchema, MapSchema, Schema, SchemaFacts, SimpleSchema, StructField, StructSchema } from './schema.ts';

/** Most fields of one struct. */
const FIELDS_MAX = 10_000;
/** Names that an object's field can't have without touching its prototype. */
const FORBIDDEN_FIELDS: ReadonlySet<string> = new Set(['__proto__']);
/** Digits after the point that a decimal may have, either side of it. */
const SCALE_MAX = 1000;

function simple(type: SimpleSchema['type']): (facts?: SchemaFacts) => SimpleSchema {
  return (facts) => ({ ...facts, type });
}

/** Builds schemas. Make each once and share it. */
export const schemas = {
  int8: simple('int8'),
  int16: simple('int16'),
  int32: simple('int32'),
  int64: simple('int64'),
  float32: simple('float32'),
  float64: simple('float64'),
  boolean: simple('boolean'),
  string: simple('string'),
  bytes: simple('bytes'),
  date: simple('date'),
  time: simple('time'),
  timestamp: simple('timestamp'),

  /** @throws DataError if `scale` is no whole number between −1000 and 1000 */
  decimal(scale: number, facts: SchemaFacts = {}): DecimalSchema {
    if (!Number.isInteger(scale) || Math.abs(scale) > SCALE_MAX) {
      throw new DataError(`a decimal of scale ${scale}; a whole number of at most ${SCALE_MAX} is allowed`);
    }
    return { ...facts, type: 'decimal', scale };
  },

  array(items: Schema, facts: SchemaFacts = {}): ArraySchema {
    return { ...facts, type: 'array', items };
  },

  map(keys: Schema, values: Schema, facts: SchemaFacts = {}): MapSchema {
    return { ...facts, type: 'map', keys, values };
  },

  /** Fields by their names, in order. @throws DataError if a name is not allowed or comes twice */
  struct(fields: Readonly<Record<string, Schema>> | readonly StructField[], facts: SchemaFacts = {}): StructSchema {
    const list = isFieldList(fields) ? fields : Object.entries(fields).map(([name, schema]) => ({ name, schema }));
    if (list.length > FIELDS_MAX) throw new DataError(`a struct of ${list.length} fields; at most ${FIELDS_MAX} are allowed`);
    const names = new Set<string>();
    for (const { name } of list) {
      if (FORBIDDEN_FIELDS.has(name)) throw new DataError(`a field can't be called ${name}`);
      if (names.has(name)) throw new DataError(`two fields are called ${name}`);
      names.add(name);
    }
    return { ...facts, type: 'struct', fields: list };
  },
} as const;

/** The same schema with null among its values. */
export function optionalSchema(schema: Schema): Schema {
  return schema.optional === true ? schema : { ...schema, optional: true };
}

/** The field of that name. */
export function fieldSchema(schema: StructSchema, name: string): Schema | undefined {
  return schema.fields.find((field) => field.name === name)?.schema;
}

/** Whether two schemas say the same, whatever the order of their facts. */
export function sameSchema(one: Schema | undefined, other: Schema | undefined): boolean {
  if (one === other) return true;
  if (one === undefined || other === undefined) return false;
  return sameFacts(one, other) && sameShape(one, other);
}

function isFieldList(fields: Readonly<Record<string, Schema>> | readonly StructField[]): fields is readonly StructField[] {
  return Array.isArray(fields);
}

function sameFacts(one: Schema, other: Schema): boolean {
  if (one.type !== other.type || (one.optional ?? false) !== (other.optional ?? false)) return false;
  if (one.name !== other.name || one.version !== other.version || one.doc !== other.doc) return false;
  return factsText(one) === factsText(other);
}

/** Defaults and parameters are small: their text tells whether they are equal. */
function factsText({ default: fallback, parameters = {} }: SchemaFacts): string {
  const sorted = Object.entries(parameters).sort(([left], [right]) => (left < right ? -1 : 1));
  return JSON.stringify([fallback, sorted], (_key, value: unknown) => {
    if (typeof value === 'bigint') return `${value}n`;
    return value instanceof Map ? [...(value as ReadonlyMap<unknown, unknown>)] : value;
  });
}

function sameShape(one: Schema, other: Schema): boolean {
  if (one.type === 'array' && other.type === 'array') return sameSchema(one.items, other.items);
  if (one.type === 'map' && other.type === 'map') return sameSchema(one.keys, other.keys) && sameSchema(one.values, other.values);
  if (one.type === 'decimal' && other.type === 'decimal') return one.scale === other.scale;
  if (one.type !== 'struct' || other.type !== 'struct') return true;
  if (one.fields.length !== other.fields.length) return false;
  return one.fields.every(({ name, schema }, index) => {
    const theirs = other.fields[index];
    return theirs !== undefined && theirs.name === name && sameSchema(schema, theirs.schema);
  });
}
