import { type ConfigValues, declareConfig } from '../config/config-declaration.ts';
import { field } from '../config/fields.ts';
import { literalOf } from '../converter/literal.ts';
import type { DataHeader, DataRecord } from '../data/data-record.ts';
import { readField } from '../data/fields.ts';
import type { StructSchema } from '../data/schema.ts';
import { fieldSchema, schemas } from '../data/schemas.ts';
import { rememberSchema } from './remember-schema.ts';
import { isNull, type TransformDefinition, withFields } from './transform.ts';

const fromConfig = declareConfig(
  {
    fields: field.list({ min: 1, doc: 'Fields to put into headers.' }),
    headers: field.list({ min: 1, doc: 'Names of the headers, one for each field.' }),
    operation: field.choice(['move', 'copy'], { doc: 'Whether the fields leave the record.' }),
    'replace.null.with.default': field.boolean({
      default: true,
      importance: 'low',
      doc: 'A null field is taken as the default of its schema.',
    }),
  },
  {
    check: ({ fields, headers }) =>
      fields.length === headers.length
        ? []
        : [{ field: 'headers', message: `${headers.length} headers for ${fields.length} fields; give one for each` }],
  },
);

export const headerFrom: TransformDefinition<ConfigValues<typeof fromConfig>> = {
  name: 'HeaderFrom',
  scope: 'parts',
  doc: 'Copies or moves fields into headers. Null stays null.',
  config: fromConfig,
  create: ({ fields: names, headers, operation, 'replace.null.with.default': replace }, part) => {
    const moved = new Set(names);
    const left = rememberSchema((schema: StructSchema) => {
      const { type: _type, fields, ...facts } = schema;
      return schemas.struct(
        fields.filter(({ name }) => !moved.has(name)),
        facts,
      );
    });
    return (record) => {
      if (isNull(record[part])) return record;
      const { schema, fields } = withFields(record[part], 'HeaderFrom');
      const added = names.map((name, index): DataHeader => {
        const inner = schema && fieldSchema(schema, name);
        const value = readField(fields, name) ?? (replace ? inner?.default : undefined) ?? null;
        return { name: headers[index] ?? name, value: inner === undefined ? { value } : { schema: inner, value } };
      });
      const withHeaders = { ...record, headers: [...record.headers, ...added] };
      if (operation === 'copy') return withHeaders;
      const value = Object.fromEntries(Object.entries(fields).filter(([name]) => !moved.has(name)));
      return { ...withHeaders, [part]: schema === undefined ? { value } : { schema: left(schema), value } };
    };
  },
};

const insertConfig = declareConfig({
  header: field.string({ doc: 'Name of the header.' }),
  'value.literal': field.string({ doc: 'Its value: a number, a boolean, null, JSON, or else a text.' }),
});

export const insertHeader: TransformDefinition<ConfigValues<typeof insertConfig>> = {
  name: 'InsertHeader',
  scope: 'record',
  doc: 'Adds a header with a fixed value.',
  config: insertConfig,
  create: (settings) => {
    const header: DataHeader = { name: settings.header, value: literalOf(settings['value.literal']) };
    return (record) => ({ ...record, headers: [...record.headers, header] });
  },
};

const dropConfig = declareConfig({ headers: field.list({ min: 1, doc: 'Names of headers to drop.' }) });

export const dropHeaders: TransformDefinition<ConfigValues<typeof dropConfig>> = {
  name: 'DropHeaders',
  scope: 'record',
  doc: 'Drops headers by their names.',
  config: dropConfig,
  create: ({ headers }) => {
    const names = new Set(headers);
    return (record) => (hasAny(record, names) ? { ...record, headers: record.headers.filter(({ name }) => !names.has(name)) } : record);
  },
};

function hasAny(record: DataRecord, names: ReadonlySet<string>): boolean {
  return record.headers.some(({ name }) => names.has(name));
}
