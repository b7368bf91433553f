import { type ConfigOf, declareConfig, type FieldError, field } from '@moldau/connect';
import { connectionFields } from '../connection/connection-config.ts';

const READING = 'Reading';
const RECORDS = 'Records';

const fields = {
  ...connectionFields,
  'table.whitelist': field.list({
    doc: 'Tables and views that are read: `table`, `schema.table`, with `*` for any characters. Tables that come later are found too.',
    default: [],
    importance: 'high',
    group: READING,
  }),
  query: field.string({
    doc: 'A SELECT that is read in place of tables, as if it were one. The columns of the mode must be among its columns.',
    optional: true,
    importance: 'high',
    group: READING,
  }),
  mode: field.choice(['incrementing', 'timestamp', 'timestamp+incrementing'], {
    doc: 'How new rows are found: by a column that only grows, by the time of the last change, or by both, which also tells rows of the same time apart.',
    importance: 'high',
    group: READING,
  }),
  'incrementing.column.name': field.string({
    doc: 'A column of whole numbers, each larger than those before.',
    optional: true,
    group: READING,
  }),
  'timestamp.column.name': field.string({
    doc: 'A column that each insert and each update sets to the time. Rows without one are not read.',
    optional: true,
    group: READING,
  }),
  'timestamp.delay.interval.ms': field.duration({
    doc: 'Rows are read when their time is this far back. It has to cover the longest time from the begin of a transaction to its first write.',
    default: 1_000,
    min: 0,
    max: 86_400_000,
    group: READING,
  }),
  'settle.ms': field.duration({
    doc: 'Pause between seeing the newest row and asking which transactions could still add a smaller one.',
    default: 20,
    min: 0,
    max: 60_000,
    importance: 'low',
    group: READING,
  }),
  'batch.max.rows': field.integer({ doc: 'Most rows of one statement.', default: 1_000, min: 1, max: 100_000, group: READING }),
  'table.poll.interval.ms': field.duration({
    doc: 'Time between two looks for new tables.',
    default: 60_000,
    min: 1_000,
    max: 86_400_000,
    importance: 'low',
    group: READING,
  }),
  'topic.prefix': field.string({
    doc: "What stands before the table's name in the name of its topic. With `query` it is the topic's whole name.",
    empty: true,
    default: '',
    importance: 'high',
    group: RECORDS,
  }),
  'key.columns': field.list({
    doc: 'Columns of the key: one is the key itself, several are a struct. None: records have no key.',
    default: [],
    group: RECORDS,
  }),
} as const;

export type PostgresSourceConfig = ConfigOf<typeof fields>;

/** Settings of the PostgreSQL source. */
export const sourceConfig = declareConfig(fields, { check });

function check(config: PostgresSourceConfig): readonly FieldError[] {
  const errors: FieldError[] = [];
  const { mode, query } = config;
  if ((query === undefined) === (config['table.whitelist'].length === 0)) {
    errors.push({ field: 'table.whitelist', message: 'either tables or a query must be given, and not both' });
  }
  if (query !== undefined && config['topic.prefix'] === '')
    errors.push({ field: 'topic.prefix', message: "missing; with a query it is the topic's name" });
  if (mode !== 'timestamp' && config['incrementing.column.name'] === undefined) {
    errors.push({ field: 'incrementing.column.name', message: `missing; the mode ${mode} needs it` });
  }
  if (mode !== 'incrementing' && config['timestamp.column.name'] === undefined) {
    errors.push({ field: 'timestamp.column.name', message: `missing; the mode ${mode} needs it` });
  }
  return errors;
}
