import { type ConfigValues, declareConfig } from '../config/config-declaration.ts';
import { field } from '../config/fields.ts';
import { quote } from '../config/quote.ts';
import type { Datum } from '../data/datum.ts';
import { readField } from '../data/fields.ts';
import type { Schema, StructSchema } from '../data/schema.ts';
import { fieldSchema, schemas } from '../data/schemas.ts';
import { CAST_TYPES, type CastType, castValue } from './cast-value.ts';
import { rememberSchema } from './remember-schema.ts';
import { changesPart, isNull, type TransformDefinition, withFields } from './transform.ts';

const config = declareConfig(
  {
    spec: field.list({ min: 1, doc: `Pairs \`field:type\`, or one type for the whole value. Types are ${CAST_TYPES.join(', ')}.` }),
    'replace.null.with.default': field.boolean({ default: true, importance: 'low', doc: 'Nulls become the default of their schema.' }),
  },
  {
    check: ({ spec }) => {
      const wrong = spec.filter((part) => !isType(typeOf(part)) || (!part.includes(':') && spec.length > 1));
      return wrong.map((part) => ({ field: 'spec', message: `${quote(part)} is no pair field:type; types are ${CAST_TYPES.join(', ')}` }));
    },
  },
);

export const cast: TransformDefinition<ConfigValues<typeof config>> = {
  name: 'Cast',
  scope: 'parts',
  doc: 'Casts fields, or the whole value, to another type. A number that does not fit is an error. Null stays null.',
  config,
  create: ({ spec }, part) => {
    const [first = ''] = spec;
    return first.includes(':') ? castFields(spec, part) : castWhole(typeOf(first) as CastType, part);
  },
};

function castWhole(type: CastType, part: 'key' | 'value'): ReturnType<typeof changesPart> {
  const casted = rememberSchema((schema: Schema) => schemaAs(schema, type));
  return changesPart(part, (datum) => (isNull(datum) ? datum : castDatum(datum, type, casted)));
}

function castDatum({ schema, value }: Datum, type: CastType, casted: (schema: Schema) => Schema): Datum {
  const changed = castValue(value, type, schema);
  return schema === undefined ? { value: changed } : { schema: casted(schema), value: changed };
}

function castFields(spec: readonly string[], part: 'key' | 'value'): ReturnType<typeof changesPart> {
  const types = new Map(spec.map((pair) => [pair.slice(0, pair.lastIndexOf(':')), typeOf(pair) as CastType]));
  const casted = rememberSchema((schema: StructSchema) => {
    const { type: _type, fields, ...facts } = schema;
    const changed = fields.map(({ name, schema: inner }) => {
      const type = types.get(name);
      return { name, schema: type === undefined ? inner : schemaAs(inner, type) };
    });
    return schemas.struct(changed, facts);
  });
  return changesPart(part, (datum) => {
    if (isNull(datum)) return datum;
    const { schema, fields } = withFields(datum, 'Cast');
    const present = [...types].filter(([name]) => Object.hasOwn(fields, name));
    const changed = present.map(
      ([name, type]) => [name, castValue(readField(fields, name), type, schema && fieldSchema(schema, name))] as const,
    );
    const value = { ...fields, ...Object.fromEntries(changed) };
    return schema === undefined ? { value } : { schema: casted(schema), value };
  });
}

function schemaAs(schema: Schema, type: CastType): Schema {
  const optional = schema.optional === true ? { optional: true } : {};
  const fallback = schema.default === undefined ? {} : { default: castValue(schema.default, type, schema) };
  return schemas[type]({ ...optional, ...fallback });
}

function typeOf(part: string): string {
  return part.slice(part.lastIndexOf(':') + 1).trim();
}

function isType(text: string): text is CastType {
  return (CAST_TYPES as readonly string[]).includes(text);
}
