import { type ConfigValues, declareConfig } from '../config/config-declaration.ts';
import { field } from '../config/fields.ts';
import { DataError } from '../data/data-error.ts';
import type { Schema } from '../data/schema.ts';
import { rememberSchema } from './remember-schema.ts';
import { changesPart, isNull, type TransformDefinition } from './transform.ts';

const config = declareConfig({
  'schema.name': field.string({ optional: true, doc: 'New name of the schema.' }),
  'schema.version': field.integer({ optional: true, doc: 'New version of the schema.' }),
});

export const setSchemaMetadata: TransformDefinition<ConfigValues<typeof config>> = {
  name: 'SetSchemaMetadata',
  scope: 'parts',
  doc: 'Sets name and version of the schema. Null without a schema stays null.',
  config,
  create: ({ 'schema.name': name, 'schema.version': version }, part) => {
    const renamed = rememberSchema(
      (schema: Schema): Schema => ({ ...schema, ...(name === undefined ? {} : { name }), ...(version === undefined ? {} : { version }) }),
    );
    return changesPart(part, (datum) => {
      if (datum.schema === undefined && isNull(datum)) return datum;
      if (datum.schema === undefined) throw new DataError('SetSchemaMetadata needs a record with a schema');
      return { schema: renamed(datum.schema), value: datum.value };
    });
  },
};
