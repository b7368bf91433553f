import { type ConfigValues, declareConfig } from '../config/config-declaration.ts';
import { field } from '../config/fields.ts';
import type { StructSchema } from '../data/schema.ts';
import { schemas } from '../data/schemas.ts';
import { rememberSchema } from './remember-schema.ts';
import { changesPart, isNull, type TransformDefinition, withFields } from './transform.ts';

const config = declareConfig(
  {
    exclude: field.list({ default: [], doc: 'Fields to leave out. They win over include.' }),
    include: field.list({ default: [], doc: 'Fields to keep; none named: all.' }),
    renames: field.list({ default: [], doc: 'Pairs `old:new`.' }),
    'replace.null.with.default': field.boolean({ default: true, importance: 'low', doc: 'Nulls become the default of their schema.' }),
  },
  {
    check: ({ renames }) =>
      renames.filter((pair) => !/^[^:]+:[^:]+$/.test(pair)).map((pair) => ({ field: 'renames', message: `"${pair}" is no pair old:new` })),
  },
);

export const replaceField: TransformDefinition<ConfigValues<typeof config>> = {
  name: 'ReplaceField',
  scope: 'parts',
  doc: 'Leaves fields out and renames them. Null stays null.',
  config,
  create: (settings, part) => {
    const excluded = new Set(settings.exclude);
    const included = new Set(settings.include);
    const renames = new Map(settings.renames.map((pair) => pair.split(':') as [string, string]));
    const stays = (name: string): boolean => !excluded.has(name) && (included.size === 0 || included.has(name));
    const renamed = (name: string): string => renames.get(name) ?? name;
    const replaced = rememberSchema((schema: StructSchema) => {
      const { type: _type, fields, ...facts } = schema;
      const kept = fields.filter(({ name }) => stays(name));
      return schemas.struct(
        kept.map((each) => ({ ...each, name: renamed(each.name) })),
        facts,
      );
    });
    return changesPart(part, (datum) => {
      if (isNull(datum)) return datum;
      const { schema, fields } = withFields(datum, 'ReplaceField');
      const kept = Object.entries(fields).filter(([name]) => stays(name));
      const value = Object.fromEntries(kept.map(([name, each]) => [renamed(name), each]));
      return schema === undefined ? { value } : { schema: replaced(schema), value };
    });
  },
};
