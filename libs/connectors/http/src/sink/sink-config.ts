import { type ConfigOf, declareConfig, type FieldError, field } from '@moldau/connect';

const REQUESTS = 'Requests';
const BATCHES = 'Batches';
const ACCESS = 'Access';
const FAULTS = 'Faults';

const requestFields = {
  'http.url': field.string({
    doc: 'Where records are sent: http or https. `${topic}` in it is replaced.',
    check: urlComplaint,
    limits: 'an http or https URL',
    importance: 'high',
    group: REQUESTS,
  }),
  'http.method': field.choice(['POST', 'PUT', 'PATCH'], { doc: 'The method of the request.', default: 'POST', group: REQUESTS }),
  'http.headers.': field.prefix({ doc: 'Headers of every request by their names, as `http.headers.X-Site`.', group: REQUESTS }),
  'content.type': field.string({ doc: 'Content-Type of the requests. Default: that of `batch.format`.', optional: true, group: REQUESTS }),
  'request.timeout.ms': field.duration({ doc: 'Longest wait for an answer.', default: 30_000, min: 100, max: 600_000, group: REQUESTS }),
} as const;

const batchFields = {
  'batch.format': field.choice(['json', 'ndjson', 'single'], {
    doc: '`json`: an array of values. `ndjson`: a value on each line. `single`: one value in each request, texts and bytes as they are.',
    default: 'json',
    group: BATCHES,
  }),
  'batch.content': field.choice(['value', 'record'], {
    doc: 'What stands for a record: its value, or an object with topic, partition, offset, timestamp, key, value and headers.',
    default: 'value',
    group: BATCHES,
  }),
  'batch.max.records': field.integer({ doc: 'Most records of one request.', default: 500, min: 1, max: 100_000, group: BATCHES }),
  'batch.max.bytes': field.size({
    doc: 'Most bytes of one body; a single larger record is sent alone.',
    default: 1_048_576,
    min: 1_024,
    max: 67_108_864,
    group: BATCHES,
  }),
  'linger.ms': field.duration({
    doc: 'How long a batch that is not full waits for more records.',
    default: 100,
    min: 0,
    max: 60_000,
    group: BATCHES,
  }),
} as const;

const accessFields = {
  'auth.type': field.choice(['none', 'bearer', 'basic'], { doc: 'What stands in `Authorization`.', default: 'none', group: ACCESS }),
  'auth.token': field.password({ doc: 'For `auth.type=bearer`.', optional: true, group: ACCESS }),
  'auth.user': field.string({ doc: 'For `auth.type=basic`.', optional: true, group: ACCESS }),
  'auth.password': field.password({ doc: 'For `auth.type=basic`.', optional: true, group: ACCESS }),
  'idempotency.header': field.string({
    doc: 'Header with a key that is the same whenever the same records are sent: `topic-partition-first-last`.',
    default: 'Idempotency-Key',
    check: (name) => (/^[A-Za-z0-9-]+$/.test(name) ? undefined : `${name} is no name of a header`),
    group: ACCESS,
  }),
} as const;

const faultFields = {
  'record.error.statuses': field.list({
    doc: 'Statuses that say that the records are wrong. A batch is halved until the wrong record is found; `errors.tolerance` says what happens to it.',
    default: ['400', '413', '415', '422'],
    group: FAULTS,
  }),
  'retry.statuses': field.list({
    doc: 'Statuses after which the same records are sent again later, as after a broken connection. Others of 300 and above fail the task.',
    default: ['408', '425', '429', '500', '502', '503', '504'],
    group: FAULTS,
  }),
  'retry.after.max.ms': field.duration({
    doc: "Longest wait that an answer's Retry-After may ask for.",
    default: 300_000,
    min: 0,
    max: 86_400_000,
    group: FAULTS,
  }),
} as const;

const fields = { ...requestFields, ...batchFields, ...accessFields, ...faultFields } as const;

export type HttpSinkConfig = ConfigOf<typeof fields>;

/** Settings of the HTTP sink. */
export const sinkConfig = declareConfig(fields, { check });

function check(config: HttpSinkConfig): readonly FieldError[] {
  const errors: FieldError[] = [];
  const needed = { none: [], bearer: ['auth.token'], basic: ['auth.user', 'auth.password'] } as const;
  for (const name of needed[config['auth.type']]) {
    if (config[name] === undefined) errors.push({ field: name, message: `missing; auth.type=${config['auth.type']} needs it` });
  }
  for (const name of ['record.error.statuses', 'retry.statuses'] as const) {
    const strange = config[name].find((status) => !/^[3-5]\d\d$/.test(status));
    if (strange !== undefined) errors.push({ field: name, message: `"${strange.slice(0, 20)}" is no status from 300 to 599` });
  }
  const both = config['record.error.statuses'].find((status) => config['retry.statuses'].includes(status));
  if (both !== undefined) errors.push({ field: 'retry.statuses', message: `${both} is in record.error.statuses too` });
  for (const [name, value] of config['http.headers.']) {
    if (!/^[A-Za-z0-9-]+$/.test(name) || /[\r\n\0]/.test(value)) errors.push({ field: `http.headers.${name}`, message: 'is no header' });
  }
  return errors;
}

function urlComplaint(text: string): string | undefined {
  const url = URL.parse(text.replaceAll('${topic}', 'topic'));
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) return `"${text.slice(0, 200)}" is no http or https URL`;
  if (url.username !== '' || url.password !== '') return 'the URL holds a password; give it as auth.user and auth.password';
  return undefined;
}
