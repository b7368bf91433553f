import { type ConfigOf, compileDatePattern, declareConfig, type FieldError, field } from '@moldau/connect';

const STORE = 'Store';
const KEYS = 'Keys';
const OBJECTS = 'Objects';

const storeFields = {
  's3.bucket.name': field.string({
    doc: 'The bucket; it has to exist.',
    check: (name) => (/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name) ? undefined : `"${name.slice(0, 100)}" is no name of a bucket`),
    limits: '3 … 63 small letters, digits, dots and dashes',
    group: STORE,
  }),
  's3.region': field.string({ doc: 'Region of the bucket.', default: 'us-east-1', maxLength: 100, group: STORE }),
  'store.url': field.string({
    doc: 'Endpoint of a store that speaks the API of S3. Default: that of AWS for the region.',
    check: urlComplaint,
    limits: 'an http or https URL',
    optional: true,
    group: STORE,
  }),
  's3.path.style.access.enabled': field.boolean({
    doc: 'The bucket stands in the path of the URL, not in the host name.',
    default: true,
    group: STORE,
  }),
  'aws.access.key.id': field.string({
    doc: 'Who writes. Default: what the AWS SDK finds: environment, profile, role of the machine.',
    optional: true,
    maxLength: 256,
    group: STORE,
  }),
  'aws.secret.access.key': field.password({ doc: 'The secret of `aws.access.key.id`.', optional: true, group: STORE }),
  'request.timeout.ms': field.duration({ doc: 'Longest wait for an answer.', default: 60_000, min: 100, max: 600_000, group: STORE }),
} as const;

const keyFields = {
  'topics.dir': field.string({
    doc: 'What all keys begin with; empty: nothing.',
    default: 'topics',
    empty: true,
    maxLength: 400,
    check: (text) => (/^[\w!.*'()-]+(\/[\w!.*'()-]+)*$|^$/.test(text) ? undefined : `"${text.slice(0, 100)}" is no prefix of keys`),
    limits: "letters, digits and `!_.*'()-`, with single slashes between",
    group: KEYS,
  }),
  partitioner: field.choice(['none', 'time', 'field', 'field-and-time'], {
    doc: 'Folders below the topic: `none`: `partition=N`. `time`: by `path.format`. `field`: `name=value` for each of `partition.field.name`.',
    default: 'none',
    group: KEYS,
  }),
  'path.format': field.string({
    doc: 'Folders of times of records, in UTC, as a date pattern of Java.',
    default: "'year='yyyy/'month='MM/'day='dd/'hour='HH",
    check: patternComplaint,
    limits: 'a date pattern of Java',
    group: KEYS,
  }),
  'partition.field.name': field.list({
    doc: 'Fields of the value, for `field` and `field-and-time`. A record without one of them is at fault.',
    default: [],
    group: KEYS,
  }),
} as const;

const objectFields = {
  'flush.size': field.integer({
    doc: 'Records of a partition after which its objects are finished.',
    default: 100_000,
    min: 1,
    max: 100_000_000,
    importance: 'high',
    group: OBJECTS,
  }),
  'rotate.bytes': field.size({
    doc: 'Bytes of lines of a partition, before compression, after which its objects are finished.',
    default: 67_108_864,
    min: 1_024,
    max: 10_737_418_240,
    group: OBJECTS,
  }),
  'rotate.interval.ms': field.duration({
    doc: "Finishes a partition's objects before a record whose time is this much after that of their first record. 0: never. The clock of the machine plays no part.",
    default: 0,
    min: 0,
    max: 31_536_000_000,
    group: OBJECTS,
  }),
  'open.objects.max': field.integer({
    doc: 'Objects of one partition that are written side by side, in folders of their own; before one more, all of them are finished.',
    default: 100,
    min: 1,
    max: 10_000,
    group: OBJECTS,
  }),
  content: field.choice(['value', 'record'], {
    doc: 'What a line is: the value, or an object with topic, partition, offset, timestamp, key, value and headers.',
    default: 'value',
    group: OBJECTS,
  }),
  's3.compression.type': field.choice(['none', 'gzip'], { doc: '`gzip`: keys end with `.gz`.', default: 'none', group: OBJECTS }),
  's3.part.size': field.size({
    doc: 'Larger objects are sent in parts of about this size while they are written.',
    default: 8_388_608,
    min: 5_242_880,
    max: 268_435_456,
    group: OBJECTS,
  }),
  'parts.in.flight.max': field.integer({
    doc: 'Parts of one task that are on their way at once.',
    default: 3,
    min: 1,
    max: 32,
    group: OBJECTS,
  }),
} as const;

const fields = { ...storeFields, ...keyFields, ...objectFields } as const;

export type S3SinkConfig = ConfigOf<typeof fields>;

/** Settings of the S3 sink. */
export const s3SinkConfig = declareConfig(fields, { check });

function check(config: S3SinkConfig): readonly FieldError[] {
  const errors: FieldError[] = [];
  const byField = config.partitioner === 'field' || config.partitioner === 'field-and-time';
  const names = config['partition.field.name'];
  if (byField && names.length === 0)
    errors.push({ field: 'partition.field.name', message: `missing; partitioner=${config.partitioner} needs it` });
  if (!byField && names.length > 0)
    errors.push({ field: 'partition.field.name', message: `has no meaning with partitioner=${config.partitioner}` });
  const { 'aws.access.key.id': id, 'aws.secret.access.key': secret } = config;
  if (id !== undefined && secret === undefined)
    errors.push({ field: 'aws.secret.access.key', message: 'missing; aws.access.key.id needs it' });
  if (id === undefined && secret !== undefined)
    errors.push({ field: 'aws.access.key.id', message: 'missing; aws.secret.access.key needs it' });
  return errors;
}

function patternComplaint(text: string): string | undefined {
  try {
    compileDatePattern(text);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return text.startsWith('/') || text.endsWith('/') || text.includes('//') ? 'an empty folder in the pattern' : undefined;
}

function urlComplaint(text: string): string | undefined {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) return `"${text.slice(0, 200)}" is no http or https URL`;
  if (url.username !== '' || url.password !== '') return 'the URL holds a password; give it as aws.secret.access.key';
  return undefined;
}
