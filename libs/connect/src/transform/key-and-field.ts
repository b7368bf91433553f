import { type ConfigValues, declareConfig } from '../config/config-declaration.ts';
import { field } from '../config/fields.ts';
import { DataError } from '../data/data-error.ts';
import type { Datum } from '../data/datum.ts';
import { isFields, readField } from '../data/fields.ts';
import type { Schema, StructSchema } from '../data/schema.ts';
import { fieldSchema, schemas } from '../data/schemas.ts';
import type { DataFields } from '../data/value.ts';
import { rememberSchema } from './remember-schema.ts';
import { changesPart, isNull, type TransformDefinition, withFields } from './transform.ts';

const nulls = field.boolean({ default: true, importance: 'low', doc: 'A null field is taken as the default of its schema.' });

const valueToKeyConfig = declareConfig({
  fields: field.list({ min: 1, doc: 'Fields of the value, in order.' }),
  'replace.null.with.default': nulls,
});

export const valueToKey: TransformDefinition<ConfigValues<typeof valueToKeyConfig>> = {
  name: 'ValueToKey',
  scope: 'record',
  doc: 'Makes a new key of fields of the value.',
  config: valueToKeyConfig,
  create: ({ fields: names, 'replace.null.with.default': replace }) => {
    const keySchema = rememberSchema((schema: StructSchema) =>
      schemas.struct(names.map((name) => ({ name, schema: present(schema, name) }))),
    );
    return (record) => {
      const { schema, fields } = withFields(record.value, 'ValueToKey');
      if (schema === undefined)
        return { ...record, key: { value: Object.fromEntries(names.map((name) => [name, readField(fields, name) ?? null])) } };
      const made = keySchema(schema);
      const value = Object.fromEntries(made.fields.map(({ name, schema: inner }) => [name, valueOf(fields, name, inner, replace)]));
      return { ...record, key: { schema: made, value } };
    };
  },
};

const hoistConfig = declareConfig({ field: field.string({ doc: 'Name of the one field.' }) });

export const hoistField: TransformDefinition<ConfigValues<typeof hoistConfig>> = {
  name: 'HoistField',
  scope: 'parts',
  doc: 'Wraps the value in a struct, or an object, with one field.',
  config: hoistConfig,
  create: ({ field: name }, part) => {
    const hoisted = rememberSchema((schema: Schema) => schemas.struct([{ name, schema }]));
    return changesPart(part, ({ schema, value }) => {
      const wrapped = Object.fromEntries([[name, value ?? null]]);
      return schema === undefined ? { value: wrapped } : { schema: hoisted(schema), value: wrapped };
    });
  },
};

const extractConfig = declareConfig({
  field: field.string({ doc: 'The field; with syntax V2 a path with dots, a name with dots in back-ticks.' }),
  'field.syntax.version': field.choice(['V1', 'V2'], { default: 'V1', doc: 'V1: the name of a field at the top. V2: a path (KIP-821).' }),
  'replace.null.with.default': nulls,
});

export const extractField: TransformDefinition<ConfigValues<typeof extractConfig>> = {
  name: 'ExtractField',
  scope: 'parts',
  doc: 'Puts one field in place of the whole. Null stays null; without a schema an absent field is null.',
  config: extractConfig,
  create: ({ field: name, 'field.syntax.version': syntax, 'replace.null.with.default': replace }, part) => {
    const path = syntax === 'V1' ? [name] : pathOf(name);
    return changesPart(part, (datum) => path.reduce((inner, step) => extract(inner, step, replace), datum));
  },
};

function extract(datum: Datum, name: string, replace: boolean): Datum {
  if (datum.schema === undefined) {
    if (isNull(datum)) return { value: null };
    return { value: readField(withFields(datum, 'ExtractField').fields, name) ?? null };
  }
  if (datum.schema.type !== 'struct') throw new DataError(`ExtractField needs a struct, not a value of type ${datum.schema.type}`);
  const schema = present(datum.schema, name);
  return { schema, value: isFields(datum.value) ? valueOf(datum.value, name, schema, replace) : null };
}

function present(schema: StructSchema, name: string): Schema {
  const found = fieldSchema(schema, name);
  if (found === undefined) throw new DataError(`there is no field "${name}" in the schema`);
  return found;
}

function valueOf(fields: DataFields, name: string, schema: Schema, replace: boolean): Datum['value'] {
  return readField(fields, name) ?? (replace ? schema.default : undefined) ?? null;
}

/** `a.b`, `` a.`b.c` `` → its steps. */
function pathOf(path: string): readonly string[] {
  return [...path.matchAll(/`([^`]*)`|([^.`]+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
}
