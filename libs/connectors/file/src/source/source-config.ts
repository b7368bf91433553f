import { type ConfigOf, declareConfig, field } from '@moldau/connect';

const READING = 'Reading';
const RECORDS = 'Records';
const ROTATION = 'Rotation';

const fields = {
  file: field.list({
    doc: 'Files to follow: absolute paths, or patterns with `*`, `?`, `[…]` and `**`. Files that come later are found too.',
    min: 1,
    importance: 'high',
    group: READING,
  }),
  topic: field.string({ doc: 'Topic that the lines are written to.', maxLength: 249, importance: 'high', group: RECORDS }),
  'batch.size': field.integer({
    doc: 'Most lines of one batch. The worker may set a lower bound.',
    default: 10_000,
    min: 1,
    max: 1_000_000,
    importance: 'low',
    group: READING,
  }),
  'initial.position': field.choice(['beginning', 'end'], {
    doc: 'Where files are begun that are there at the first start. Files that come later are read from their beginning.',
    default: 'beginning',
    group: READING,
  }),
  'scan.interval.ms': field.duration({
    doc: 'Time between two looks for new files of the patterns.',
    default: 5_000,
    min: 100,
    max: 3_600_000,
    importance: 'low',
    group: READING,
  }),
  'value.type': field.choice(['string', 'bytes'], {
    doc: 'What a value is: text, where bytes that are no UTF-8 become U+FFFD, or the bytes as they are.',
    default: 'string',
    group: RECORDS,
  }),
  'key.source': field.choice(['none', 'path'], {
    doc: 'The key of each record: none, or the path, which keeps all lines of a file in one partition.',
    default: 'none',
    group: RECORDS,
  }),
  'line.max.bytes': field.size({
    doc: 'A longer line, or record of several lines, is cut into records of this size.',
    default: 524_288,
    min: 64,
    max: 8_388_608,
    group: RECORDS,
  }),
  'multiline.pattern': field.pattern({
    doc: 'Puts several lines into one record: says which line begins one, or continues one.',
    optional: true,
    group: RECORDS,
  }),
  'multiline.match': field.choice(['start', 'continuation'], {
    doc: 'What a line is that `multiline.pattern` matches: the first of a record, or one that belongs to the record before it.',
    default: 'start',
    group: RECORDS,
  }),
  'multiline.wait.ms': field.duration({
    doc: 'The last record of several lines is taken for whole when nothing was added for this long.',
    default: 1_000,
    min: 10,
    max: 600_000,
    group: RECORDS,
  }),
  'rotated.suffix': field.pattern({
    doc: 'What rotated files have behind their former name. They are read to their end, in the order of their times.',
    default: '^[.-]\\d[\\d.T:_-]*$',
    group: ROTATION,
  }),
  'rotate.wait.ms': field.duration({
    doc: 'A file that was renamed is read until nothing was added for this long. A last line without a newline is a record then.',
    default: 5_000,
    min: 0,
    max: 3_600_000,
    group: ROTATION,
  }),
} as const;

/** Settings of the file source. */
export const sourceConfig = declareConfig(fields, {
  check: ({ file }) =>
    file.filter((pattern) => !pattern.startsWith('/')).map((pattern) => ({ field: 'file', message: `${pattern} is no absolute path` })),
});

export type FileSourceConfig = ConfigOf<typeof fields>;
