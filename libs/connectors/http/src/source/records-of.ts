import type { IncomingHttpHeaders } from 'node:http';
import { type DataHeader, type DataValue, type Datum, NULL_DATUM, parseJson, type SourceRecord } from '@moldau/connect';
import { Refusal } from './refusal.ts';
import type { HttpSourceConfig } from './source-config.ts';

type ContentType = 'json' | 'ndjson' | 'text' | 'bytes';

/** The records of one request. @throws Refusal 400, 415 */
export function recordsOf(headers: IncomingHttpHeaders, body: Buffer, config: HttpSourceConfig): readonly SourceRecord[] {
  const type = contentType(headers, config);
  const key = keyOf(headers, config);
  const copied = copiedHeaders(headers, config);
  return valuesOf(type, body, config).map((value) => ({ topic: config.topic, key, value: { value }, headers: copied }));
}

/** What the body holds, by its headers. @throws Refusal 415 */
export function contentType(headers: IncomingHttpHeaders, config: HttpSourceConfig): ContentType {
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity')
    throw new Refusal(415, `Content-Encoding ${encoding} is not taken; send the body as it is`);
  const [given = ''] = (headers['content-type'] ?? '').split(';');
  const type = typeOf(given.trim().toLowerCase());
  if (!config['content.types'].includes(type)) {
    throw new Refusal(
      415,
      `Content-Type ${given === '' ? '(none)' : given.slice(0, 100)} is not taken; there are ${config['content.types'].join(', ')}`,
    );
  }
  return type;
}

function typeOf(given: string): ContentType {
  if (given === 'application/x-ndjson' || given === 'application/ndjson' || given === 'application/jsonl') return 'ndjson';
  if (given === 'application/json' || given.endsWith('+json')) return 'json';
  return given.startsWith('text/') ? 'text' : 'bytes';
}

function valuesOf(type: ContentType, body: Buffer, config: HttpSourceConfig): readonly DataValue[] {
  switch (type) {
    case 'bytes':
      return [new Uint8Array(body)];
    case 'text':
      return [textOf(body)];
    case 'json': {
      const value = parsed(textOf(body), 'the body');
      return config['json.split.arrays'] && Array.isArray(value) ? (value as readonly DataValue[]) : [value];
    }
    case 'ndjson':
      return textOf(body)
        .split('\n')
        .flatMap((line, index) => (line.trim() === '' ? [] : [parsed(line, `line ${index + 1}`)]));
  }
}

function parsed(text: string, what: string): DataValue {
  try {
    return parseJson(text);
  } catch (error) {
    throw new Refusal(400, `${what} is no JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

const strict = new TextDecoder('utf-8', { fatal: true });

function textOf(body: Buffer): string {
  try {
    return strict.decode(body);
  } catch {
    throw new Refusal(400, `the ${body.length} bytes of the body are not UTF-8`);
  }
}

function keyOf(headers: IncomingHttpHeaders, config: HttpSourceConfig): Datum {
  const name = config['key.header'];
  const value = name === undefined ? undefined : headers[name.toLowerCase()];
  return value === undefined ? NULL_DATUM : { value: String(value) };
}

function copiedHeaders(headers: IncomingHttpHeaders, config: HttpSourceConfig): readonly DataHeader[] {
  return config['copy.headers'].flatMap((name) => {
    const value = headers[name.toLowerCase()];
    return value === undefined ? [] : [{ name, value: { value: String(value) } }];
  });
}
