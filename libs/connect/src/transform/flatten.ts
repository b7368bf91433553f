import { type ConfigValues, declareConfig } from '../config/config-declaration.ts';
import { field } from '../config/fields.ts';
import { DEPTH_MAX } from '../data/check-value.ts';
import { DataError } from '../data/data-error.ts';
import { isFields, readField } from '../data/fields.ts';
import type { StructField, StructSchema } from '../data/schema.ts';
import { optionalSchema, schemas } from '../data/schemas.ts';
import type { DataFields, DataValue } from '../data/value.ts';
import { rememberSchema } from './remember-schema.ts';
import { changesPart, isNull, type TransformDefinition, withFields } from './transform.ts';

const config = declareConfig({
  delimiter: field.string({ default: '.', doc: 'Between the names of a field and of what it is in.' }),
  'replace.null.with.default': field.boolean({ default: true, importance: 'low', doc: 'Nulls become the default of their schema.' }),
});

/** A leaf of the flat struct, with the way to it. */
interface Leaf extends StructField {
  readonly path: readonly string[];
}

export const flatten: TransformDefinition<ConfigValues<typeof config>> = {
  name: 'Flatten',
  scope: 'parts',
  doc: 'Makes one level of nested structs and objects; lists and maps with a schema stay. Null stays null.',
  config,
  create: ({ delimiter }, part) => {
    const flat = rememberSchema((schema: StructSchema) => {
      const { type: _type, fields: _fields, ...facts } = schema;
      const leaves = leavesOf(schema, [], delimiter, false);
      return {
        leaves,
        schema: schemas.struct(
          leaves.map(({ name, schema: inner }) => ({ name, schema: inner })),
          facts,
        ),
      };
    });
    return changesPart(part, (datum) => {
      if (isNull(datum)) return datum;
      const { schema, fields } = withFields(datum, 'Flatten');
      if (schema === undefined) return { value: Object.fromEntries(flatEntries(fields, '', delimiter, 0)) };
      const made = flat(schema);
      return { schema: made.schema, value: Object.fromEntries(made.leaves.map(({ name, path }) => [name, follow(fields, path)])) };
    });
  },
};

function leavesOf(schema: StructSchema, path: readonly string[], delimiter: string, optional: boolean): readonly Leaf[] {
  if (path.length > DEPTH_MAX) throw new DataError(`nested deeper than ${DEPTH_MAX}`);
  return schema.fields.flatMap(({ name, schema: inner }): readonly Leaf[] => {
    const here = [...path, name];
    const mayBeNull = optional || inner.optional === true;
    if (inner.type === 'struct') return leavesOf(inner, here, delimiter, mayBeNull);
    return [{ name: here.join(delimiter), schema: mayBeNull ? optionalSchema(inner) : inner, path: here }];
  });
}

function follow(fields: DataFields, path: readonly string[]): DataValue {
  let value: DataValue = fields;
  for (const step of path) value = isFields(value) ? readField(value, step) : null;
  return value ?? null;
}

function flatEntries(fields: DataFields, prefix: string, delimiter: string, depth: number): readonly (readonly [string, DataValue])[] {
  if (depth > DEPTH_MAX) throw new DataError(`nested deeper than ${DEPTH_MAX}`);
  return Object.entries(fields).flatMap(([name, value]): readonly (readonly [string, DataValue])[] => {
    const here = prefix + name;
    return isFields(value) ? flatEntries(value, here + delimiter, delimiter, depth + 1) : [[here, value]];
  });
}
