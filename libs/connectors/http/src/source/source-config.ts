import { type ConfigOf, declareConfig, type FieldError, field } from '@moldau/connect';

const LISTENING = 'Listening';
const RECORDS = 'Records';
const ACCESS = 'Access';
const LIMITS = 'Limits';

const listeningFields = {
  port: field.integer({
    doc: 'Port to listen at. 0: any that is free, which the status shows.',
    min: 0,
    max: 65_535,
    importance: 'high',
    group: LISTENING,
  }),
  host: field.string({
    doc: 'Address to listen at. `0.0.0.0`: every one of the machine.',
    default: '127.0.0.1',
    importance: 'high',
    group: LISTENING,
  }),
  path: field.string({
    doc: 'Path that is posted to; anything else is 404.',
    default: '/',
    check: (path) => (path.startsWith('/') ? undefined : `${path} does not begin with /`),
    limits: 'a path that begins with /',
    group: LISTENING,
  }),
  'tls.certificate.file': field.string({
    doc: 'PEM file with the certificate and those above it. With it, HTTPS is spoken.',
    optional: true,
    group: LISTENING,
  }),
  'tls.key.file': field.string({ doc: 'PEM file with the key of the certificate.', optional: true, group: LISTENING }),
} as const;

const recordFields = {
  topic: field.string({ doc: 'Topic that the records are written to.', maxLength: 249, importance: 'high', group: RECORDS }),
  'content.types': field.list({
    doc: 'What is taken: `json` (application/json: one record), `ndjson` (application/x-ndjson: one for each line), `text` (text/*: one text), `bytes` (anything else). Others are 415.',
    of: ['json', 'ndjson', 'text', 'bytes'],
    min: 1,
    default: ['json', 'ndjson', 'text', 'bytes'],
    group: RECORDS,
  }),
  'json.split.arrays': field.boolean({ doc: 'A JSON array becomes one record for each element.', default: false, group: RECORDS }),
  'key.header': field.string({ doc: "Header of the request whose text is the records' key.", optional: true, group: RECORDS }),
  'copy.headers': field.list({ doc: 'Headers of the request that become headers of the records.', default: [], group: RECORDS }),
} as const;

const accessFields = {
  'auth.token': field.password({ doc: 'Asks for `Authorization: Bearer <token>`.', optional: true, importance: 'high', group: ACCESS }),
  'auth.hmac.secret': field.password({
    doc: 'Asks for an HMAC-SHA256 of the body by this secret in `auth.hmac.header`, in hex, with or without `sha256=` before it.',
    optional: true,
    importance: 'high',
    group: ACCESS,
  }),
  'auth.hmac.header': field.string({ doc: 'Header with the HMAC.', default: 'x-hub-signature-256', group: ACCESS }),
} as const;

const limitFields = {
  'body.max.bytes': field.size({ doc: 'A larger body is 413.', default: 1_048_576, min: 1, max: 67_108_864, group: LIMITS }),
  'queue.max.records': field.integer({
    doc: 'Records that wait to be written. A request that would go beyond is 503 with Retry-After.',
    default: 10_000,
    min: 1,
    max: 1_000_000,
    group: LIMITS,
  }),
  'queue.max.bytes': field.size({
    doc: 'Bytes of bodies that wait, those that are still coming included.',
    default: 67_108_864,
    min: 1_024,
    max: 1_073_741_824,
    group: LIMITS,
  }),
  'requests.per.second.max': field.integer({
    doc: 'More are 429 with Retry-After. 0: no bound.',
    default: 0,
    min: 0,
    max: 1_000_000,
    group: LIMITS,
  }),
  'connections.max': field.integer({
    doc: 'Open connections; more are closed at once.',
    default: 1_000,
    min: 1,
    max: 100_000,
    importance: 'low',
    group: LIMITS,
  }),
  'acknowledge.timeout.ms': field.duration({
    doc: 'Longest wait for the records to be written. After it the answer is 503; the records may be written all the same.',
    default: 30_000,
    min: 100,
    max: 600_000,
    group: LIMITS,
  }),
} as const;

const fields = { ...listeningFields, ...recordFields, ...accessFields, ...limitFields } as const;

export type HttpSourceConfig = ConfigOf<typeof fields>;

/** Settings of the webhook source. */
export const sourceConfig = declareConfig(fields, { check });

function check(config: HttpSourceConfig): readonly FieldError[] {
  const { 'tls.certificate.file': certificate, 'tls.key.file': key } = config;
  const errors: FieldError[] = [];
  if (certificate !== undefined && key === undefined)
    errors.push({ field: 'tls.key.file', message: 'missing; tls.certificate.file needs it' });
  if (certificate === undefined && key !== undefined)
    errors.push({ field: 'tls.certificate.file', message: 'missing; tls.key.file needs it' });
  if (config['queue.max.bytes'] < config['body.max.bytes']) {
    errors.push({
      field: 'queue.max.bytes',
      message: `${config['queue.max.bytes']} bytes are below body.max.bytes, ${config['body.max.bytes']}`,
    });
  }
  return errors;
}
