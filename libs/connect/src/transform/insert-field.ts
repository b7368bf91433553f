import { type ConfigValues, declareConfig } from '../config/config-declaration.ts';
import { field } from '../config/fields.ts';
import { DataError } from '../data/data-error.ts';
import type { DataRecord } from '../data/data-record.ts';
import type { Schema, StructSchema } from '../data/schema.ts';
import { optionalSchema, schemas } from '../data/schemas.ts';
import type { DataValue } from '../data/value.ts';
import { rememberSchema } from './remember-schema.ts';
import { changesPart, isNull, type TransformDefinition, withFields } from './transform.ts';

const suffixes = 'A name that ends in ! must have a value, one that ends in ? (or in neither) may be null.';

const config = declareConfig(
  {
    'topic.field': field.string({ optional: true, doc: `Field for the topic. ${suffixes}` }),
    'partition.field': field.string({ optional: true, doc: `Field for the partition. ${suffixes}` }),
    'offset.field': field.string({ optional: true, doc: `Field for the offset; sinks only. ${suffixes}` }),
    'timestamp.field': field.string({ optional: true, doc: `Field for the record's time. ${suffixes}` }),
    'static.field': field.string({ optional: true, doc: `Field for static.value. ${suffixes}` }),
    'static.value': field.string({ optional: true, empty: true, doc: 'Text for static.field.' }),
    'replace.null.with.default': field.boolean({ default: true, importance: 'low', doc: 'Nulls become the default of their schema.' }),
  },
  {
    check: (settings) => {
      const names = ['topic.field', 'partition.field', 'offset.field', 'timestamp.field', 'static.field'] as const;
      if (names.every((name) => settings[name] === undefined))
        return [{ field: 'static.field', message: `give at least one of ${names.join(', ')}` }];
      const lacks = settings['static.field'] !== undefined && settings['static.value'] === undefined;
      return lacks ? [{ field: 'static.value', message: 'missing; static.field needs it' }] : [];
    },
  },
);

interface Insertion {
  readonly name: string;
  readonly schema: Schema;
  readonly required: boolean;
  readonly valueOf: (record: DataRecord) => DataValue;
}

export const insertField: TransformDefinition<ConfigValues<typeof config>> = {
  name: 'InsertField',
  scope: 'parts',
  doc: "Adds fields with the record's topic, partition, offset or time, or with a fixed text. Null stays null.",
  config,
  create: (settings, part) => {
    const insertions = insertionsOf(settings);
    const extend = rememberSchema((schema: StructSchema) => extended(schema, insertions));
    return changesPart(part, (datum, record) => {
      if (isNull(datum)) return datum;
      const { schema, fields } = withFields(datum, 'InsertField');
      const added = insertions.map((insertion) => [insertion.name, inserted(insertion, record)] as const);
      const value = { ...fields, ...Object.fromEntries(added) };
      return schema === undefined ? { value } : { schema: extend(schema), value };
    });
  },
};

function insertionsOf(settings: ConfigValues<typeof config>): readonly Insertion[] {
  const fixed = settings['static.value'];
  const all: readonly (readonly [string | undefined, Schema, (record: DataRecord) => DataValue])[] = [
    [settings['topic.field'], schemas.string(), ({ topic }) => topic],
    [settings['partition.field'], schemas.int32(), ({ partition }) => partition],
    [settings['offset.field'], schemas.int64(), offsetOf],
    [settings['timestamp.field'], schemas.timestamp(), ({ timestampMs }) => timestampMs],
    [settings['static.field'], schemas.string(), () => fixed],
  ];
  return all.flatMap(([given, schema, valueOf]) => {
    if (given === undefined) return [];
    const required = given.endsWith('!');
    const name = required || given.endsWith('?') ? given.slice(0, -1) : given;
    return [{ name, required, valueOf, schema: required ? schema : optionalSchema(schema) }];
  });
}

function offsetOf(record: DataRecord): DataValue {
  if (!('offset' in record)) throw new DataError('offset.field of InsertField is for sinks: a record of a source has no offset yet');
  return record.offset as number;
}

function inserted({ name, required, valueOf }: Insertion, record: DataRecord): DataValue {
  const value = valueOf(record) ?? null;
  if (required && value === null) throw new DataError(`InsertField has no value for ${name}, which must have one`);
  return value;
}

function extended(schema: StructSchema, insertions: readonly Insertion[]): StructSchema {
  const { type: _type, fields, ...facts } = schema;
  const names = new Set(insertions.map(({ name }) => name));
  const kept = fields.filter(({ name }) => !names.has(name));
  return schemas.struct([...kept, ...insertions.map(({ name, schema: added }) => ({ name, schema: added }))], facts);
}
