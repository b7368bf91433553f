import { type ConfigOf, compileDatePattern, declareConfig, type FieldError, field } from '@moldau/connect';
import { CHARSETS } from './charset.ts';
import { columnComplaint } from './csv/column.ts';

const FOLDERS = 'Folders';
const RECORDS = 'Records';
const CSV = 'CSV';
const FAULTS = 'Bad lines';

const absolute = { check: absoluteComplaint, limits: 'an absolute path' };
const character = { check: characterComplaint, limits: 'one ASCII character, or \\t' };

const folderFields = {
  'input.path': field.string({ ...absolute, doc: 'Folder that files are dropped into. Its subfolders are not looked at.', group: FOLDERS }),
  'input.file.pattern': field.pattern({
    doc: 'Files are taken whose whole name matches.',
    default: '[^.].*',
    importance: 'high',
    group: FOLDERS,
  }),
  'input.file.order': field.choice(['name', 'modified'], {
    doc: 'The order in which files are read that are there at the same time.',
    default: 'name',
    group: FOLDERS,
  }),
  'file.minimum.age.ms': field.duration({
    doc: 'A file is complete when nothing was written to it for this long, and two looks saw the same size.',
    default: 1_000,
    max: 86_400_000,
    group: FOLDERS,
  }),
  'scan.interval.ms': field.duration({
    doc: 'Time between two looks into the folder.',
    default: 1_000,
    min: 10,
    max: 3_600_000,
    importance: 'low',
    group: FOLDERS,
  }),
  'cleanup.policy': field.choice(['MOVE', 'DELETE'], {
    doc: 'What happens to a file whose records were all written.',
    default: 'MOVE',
    group: FOLDERS,
  }),
  'finished.path': field.string({
    ...absolute,
    doc: 'Folder for finished files. Needed where they are moved.',
    optional: true,
    group: FOLDERS,
  }),
  'error.path': field.string({
    ...absolute,
    doc: 'Folder for files with a bad line. Needed with `bad.line.action=file`.',
    optional: true,
    group: FOLDERS,
  }),
} as const;

const recordFields = {
  topic: field.string({ doc: 'Topic that the records are written to.', maxLength: 249, importance: 'high', group: RECORDS }),
  format: field.choice(['csv', 'json', 'line'], {
    doc: 'What a file holds: comma-separated values, a JSON value on each line, or lines that are texts.',
    importance: 'high',
    group: RECORDS,
  }),
  'file.charset': field.choice(CHARSETS, {
    doc: 'Characters of the files. A byte order mark of UTF-8 is left out.',
    default: 'utf-8',
    group: RECORDS,
  }),
  'key.fields': field.list({ doc: 'Fields that make the key. None: no key.', default: [], group: RECORDS }),
  'timestamp.field': field.string({
    doc: "Field with the record's time: a `timestamp`, or milliseconds since 1970. Default: the time of writing.",
    optional: true,
    group: RECORDS,
  }),
  'file.headers': field.boolean({ doc: 'Gives each record the headers `file.name` and `file.line`.', default: false, group: RECORDS }),
  'line.max.bytes': field.size({ doc: 'A longer line is a bad line.', default: 1_048_576, min: 64, max: 16_777_216, group: RECORDS }),
  'batch.size': field.integer({
    doc: 'Most records of one batch. The worker may set a lower bound.',
    default: 10_000,
    min: 1,
    max: 1_000_000,
    importance: 'low',
    group: RECORDS,
  }),
} as const;

const csvFields = {
  'csv.first.row.as.header': field.boolean({ doc: 'The first row has the names of the columns.', default: true, group: CSV }),
  'csv.columns': field.list({
    doc: 'Columns as `name:type`: int8 … int64, float32, float64, boolean, string, date, time, timestamp, decimal(scale); a ? behind the type lets an empty field be null. With a header they are found by name and others are left out, else by place. Default: each column is a text, and null where empty.',
    default: [],
    importance: 'high',
    group: CSV,
  }),
  'csv.separator.char': field.string({ ...character, doc: 'Between two fields.', default: ',', group: CSV }),
  'csv.quote.char': field.string({
    ...character,
    doc: 'Around a field that holds separators or newlines; twice inside stands for itself.',
    default: '"',
    group: CSV,
  }),
  'csv.null.value': field.string({ doc: 'A field of this text without quotes is null.', default: '', empty: true, group: CSV }),
  'csv.skip.lines': field.integer({
    doc: 'Lines at the beginning of each file that are not read.',
    default: 0,
    min: 0,
    max: 1_000,
    group: CSV,
  }),
  'csv.schema.name': field.string({ doc: 'Name of the schema of values.', optional: true, importance: 'low', group: CSV }),
  'csv.timestamp.formats': field.list({
    doc: "How timestamps are written, in letters of Java's SimpleDateFormat; the first that fits is taken. UTC where there is no zone.",
    default: ["yyyy-MM-dd'T'HH:mm:ss.SSSX", "yyyy-MM-dd'T'HH:mm:ssX", "yyyy-MM-dd'T'HH:mm:ss", 'yyyy-MM-dd HH:mm:ss'],
    group: CSV,
  }),
  'csv.date.format': field.string({ check: patternComplaint, doc: 'How dates are written.', default: 'yyyy-MM-dd', group: CSV }),
  'csv.time.format': field.string({ check: patternComplaint, doc: 'How times of day are written.', default: 'HH:mm:ss', group: CSV }),
} as const;

const faultFields = {
  'bad.line.action': field.choice(['fail', 'file', 'skip'], {
    doc: 'What a line does that can not be read: `fail` the task, naming file and line; move the `file` to `error.path` with a note beside it, and go on with the next; `skip` the line.',
    default: 'fail',
    importance: 'high',
    group: FAULTS,
  }),
  'bad.line.topic': field.string({
    doc: 'Topic that skipped lines are written to, as texts with the headers `file.name`, `file.line` and `error.message`. Default: they are only counted and logged.',
    maxLength: 249,
    optional: true,
    group: FAULTS,
  }),
} as const;

const fields = { ...folderFields, ...recordFields, ...csvFields, ...faultFields } as const;

export type SpoolConfig = ConfigOf<typeof fields>;

/** Settings of the spool directory source. */
export const spoolConfig = declareConfig(fields, {
  check: (config) => [...folderErrors(config), ...csvErrors(config), ...faultErrors(config)],
});

function folderErrors(config: SpoolConfig): readonly FieldError[] {
  const errors: FieldError[] = [];
  const others = ['finished.path', 'error.path'] as const;
  if (config['cleanup.policy'] === 'MOVE' && config['finished.path'] === undefined) {
    errors.push({ field: 'finished.path', message: 'missing; cleanup.policy=MOVE needs it' });
  }
  for (const name of others) {
    if (config[name] === config['input.path'])
      errors.push({ field: name, message: `${config[name]} is input.path: files would be read again` });
  }
  return errors;
}

function csvErrors(config: SpoolConfig): readonly FieldError[] {
  const errors: FieldError[] = [];
  for (const column of config['csv.columns']) {
    const message = columnComplaint(column);
    if (message !== undefined) errors.push({ field: 'csv.columns', message });
  }
  for (const format of config['csv.timestamp.formats']) {
    const message = patternComplaint(format);
    if (message !== undefined) errors.push({ field: 'csv.timestamp.formats', message });
  }
  if (config['csv.separator.char'] === config['csv.quote.char']) {
    errors.push({ field: 'csv.quote.char', message: `${config['csv.quote.char']} is csv.separator.char too` });
  }
  if (config.format === 'line') {
    const named = [...config['key.fields'], ...(config['timestamp.field'] === undefined ? [] : [config['timestamp.field']])];
    if (named.length > 0) errors.push({ field: 'key.fields', message: `a line has no field ${named[0]}; take format=csv or json` });
  }
  return errors;
}

function faultErrors(config: SpoolConfig): readonly FieldError[] {
  const errors: FieldError[] = [];
  if (config['bad.line.action'] === 'file' && config['error.path'] === undefined) {
    errors.push({ field: 'error.path', message: 'missing; bad.line.action=file needs it' });
  }
  if (config['bad.line.topic'] !== undefined && config['bad.line.action'] !== 'skip') {
    errors.push({ field: 'bad.line.topic', message: `is for bad.line.action=skip, which is ${config['bad.line.action']}` });
  }
  return errors;
}

function absoluteComplaint(path: string): string | undefined {
  return path.startsWith('/') ? undefined : `${path} is no absolute path`;
}

function characterComplaint(text: string): string | undefined {
  const isOne = text === '\\t' || /^[\t\x20-\x7e]$/.test(text);
  return isOne && text !== '\\' ? undefined : `"${text.slice(0, 20)}" is not one ASCII character`;
}

function patternComplaint(pattern: string): string | undefined {
  try {
    compileDatePattern(pattern);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
