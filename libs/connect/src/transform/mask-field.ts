import { type ConfigValues, declareConfig } from '../config/config-declaration.ts';
import { field } from '../config/fields.ts';
import { DataError } from '../data/data-error.ts';
import { decimalOf } from '../data/decimal.ts';
import { isFields } from '../data/fields.ts';
import type { Schema } from '../data/schema.ts';
import { fieldSchema } from '../data/schemas.ts';
import type { DataValue } from '../data/value.ts';
import { castValue } from './cast-value.ts';
import { changesPart, isNull, type TransformDefinition, withFields } from './transform.ts';

const config = declareConfig({
  fields: field.list({ min: 1, doc: 'Fields to mask.' }),
  replacement: field.string({ optional: true, doc: 'Put in place of numbers and texts; without it 0 and the empty text.' }),
  'replace.null.with.default': field.boolean({ default: true, importance: 'low', doc: 'Nulls become the default of their schema.' }),
});

export const maskField: TransformDefinition<ConfigValues<typeof config>> = {
  name: 'MaskField',
  scope: 'parts',
  doc: 'Replaces the values of fields by the empty value of their type, or numbers and texts by a replacement.',
  config,
  create: ({ fields: names, replacement }, part) =>
    changesPart(part, (datum) => {
      if (isNull(datum)) return datum;
      const { schema, fields } = withFields(datum, 'MaskField');
      const present = names.filter((name) => Object.hasOwn(fields, name));
      const masked = present.map((name) => [name, mask(fields[name], schema && fieldSchema(schema, name), replacement)] as const);
      return { ...datum, value: { ...fields, ...Object.fromEntries(masked) } };
    }),
};

function mask(value: DataValue, schema: Schema | undefined, replacement: string | undefined): DataValue {
  if (value === null || value === undefined) return value;
  if (replacement === undefined) return emptyOf(value, schema);
  if (schema?.type === 'decimal' || typeof value === 'boolean' || typeof value === 'object') {
    throw new DataError('MaskField puts a replacement only in place of numbers and texts');
  }
  return typeof value === 'string'
    ? replacement
    : castValue(replacement, schema?.type === undefined || isWhole(value) ? wholeType(schema) : 'float64');
}

function wholeType(schema: Schema | undefined): 'int8' | 'int16' | 'int32' | 'int64' | 'float64' {
  const type = schema?.type;
  if (type === 'int8' || type === 'int16' || type === 'int32' || type === 'int64') return type;
  return type === undefined || type === 'float32' || type === 'float64' ? 'float64' : 'int64';
}

function isWhole(value: DataValue): boolean {
  return typeof value === 'bigint' || Number.isInteger(value);
}

function emptyOf(value: DataValue, schema: Schema | undefined): DataValue {
  if (schema?.type === 'decimal') return decimalOf(0n, schema.scale);
  if (typeof value === 'string') return '';
  if (typeof value === 'number' || typeof value === 'bigint') return 0;
  if (typeof value === 'boolean') return false;
  if (value instanceof Uint8Array) return new Uint8Array(0);
  if (Array.isArray(value)) return [];
  if (value instanceof Map) return new Map();
  if (isFields(value) && schema === undefined) return {};
  throw new DataError('MaskField has no empty value for a struct');
}
