import { type ConfigOf, declareConfig, type FieldError, field } from '@moldau/connect';
import { connectionFields } from '../connection/connection-config.ts';

const WRITING = 'Writing';
const TABLES = 'Tables';

const fields = {
  ...connectionFields,
  'insert.mode': field.choice(['insert', 'upsert', 'update'], {
    doc: 'How rows are written. Only `upsert` and `update` come out the same when a record is written twice.',
    default: 'insert',
    importance: 'high',
    group: WRITING,
  }),
  'pk.mode': field.choice(['none', 'kafka', 'record_key', 'record_value'], {
    doc: 'Where the primary key comes from: nowhere; topic, partition and offset; the key of the record; fields of its value.',
    default: 'none',
    importance: 'high',
    group: WRITING,
  }),
  'pk.fields': field.list({
    doc: 'Columns of the primary key. `kafka`: three names, default `__connect_topic`, `__connect_partition`, `__connect_offset`. `record_key`: the name for a key that is one value, or fields of a key that is a struct, default all. `record_value`: fields of the value.',
    default: [],
    importance: 'high',
    group: WRITING,
  }),
  'delete.enabled': field.boolean({
    doc: 'A record with the value null deletes the row of its key. Needs `pk.mode` record_key.',
    default: false,
    group: WRITING,
  }),
  'batch.size': field.integer({ doc: 'Most rows of one statement.', default: 3_000, min: 1, max: 100_000, group: WRITING }),
  'fields.whitelist': field.list({ doc: 'Fields of the value that are written; empty: all.', default: [], group: WRITING }),
  'table.name.format': field.string({
    doc: 'Table of a topic: `${topic}` is replaced. `schema.table` names a schema.',
    default: '${topic}',
    group: TABLES,
  }),
  'auto.create': field.boolean({
    doc: 'Makes a table that is missing, after the schema of the first record.',
    default: false,
    group: TABLES,
  }),
  'auto.evolve': field.boolean({
    doc: 'Adds columns that are missing. They take null, so old rows stay as they are.',
    default: false,
    group: TABLES,
  }),
} as const;

export type PostgresSinkConfig = ConfigOf<typeof fields>;

/** Settings of the PostgreSQL sink. */
export const sinkConfig = declareConfig(fields, { check });

function check(config: PostgresSinkConfig): readonly FieldError[] {
  const errors: FieldError[] = [];
  const pkMode = config['pk.mode'];
  const pkFields = config['pk.fields'];
  const insertMode = config['insert.mode'];
  if (insertMode !== 'insert' && pkMode === 'none') errors.push({ field: 'pk.mode', message: `none; ${insertMode} needs a primary key` });
  if (config['delete.enabled'] && pkMode !== 'record_key')
    errors.push({ field: 'delete.enabled', message: `needs pk.mode record_key, not ${pkMode}` });
  if (pkMode === 'record_value' && pkFields.length === 0)
    errors.push({ field: 'pk.fields', message: 'missing; pk.mode record_value needs them' });
  if (pkMode === 'kafka' && pkFields.length !== 0 && pkFields.length !== 3) {
    errors.push({ field: 'pk.fields', message: `${pkFields.length} names; pk.mode kafka needs 3 or none` });
  }
  return errors;
}
