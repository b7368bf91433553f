import { jsonText, type SinkRecord } from '@moldau/connect';
import type { HttpSinkConfig } from './sink-config.ts';

/** A record and what stands for it in a body. */
export interface Entry {
  readonly record: SinkRecord;
  readonly content: string | Uint8Array;
  readonly bytes: number;
}

/** What stands for the record. @throws DataError if it can't be written */
export function entryOf(record: SinkRecord, config: HttpSinkConfig): Entry {
  const content = contentOf(record, config);
  return { record, content, bytes: typeof content === 'string' ? Buffer.byteLength(content) : content.length };
}

/** The body of a request with these entries. */
export function bodyOf(entries: readonly Entry[], format: HttpSinkConfig['batch.format']): string | Uint8Array {
  const [first] = entries;
  if (format === 'single') return first?.content ?? '';
  const texts = entries.map(({ content }) => content as string);
  return format === 'json' ? `[${texts.join(',')}]` : `${texts.join('\n')}\n`;
}

/** What a body is by default. */
export function defaultContentType(entries: readonly Entry[], config: HttpSinkConfig): string {
  if (config['batch.format'] === 'ndjson') return 'application/x-ndjson';
  const [first] = entries;
  if (config['batch.format'] === 'json' || config['batch.content'] === 'record') return 'application/json';
  const value = first?.record.value.value;
  if (value instanceof Uint8Array) return 'application/octet-stream';
  return typeof value === 'string' ? 'text/plain; charset=utf-8' : 'application/json';
}

function contentOf(record: SinkRecord, config: HttpSinkConfig): string | Uint8Array {
  if (config['batch.content'] === 'record') return recordText(record);
  const { value } = record.value;
  const isPlain = config['batch.format'] === 'single' && (typeof value === 'string' || value instanceof Uint8Array);
  return isPlain ? value : jsonText(record.value);
}

function recordText({ source, offset, timestampMs, key, value, headers }: SinkRecord): string {
  const list = headers.map(({ name, value: each }) => `{"name":${JSON.stringify(name)},"value":${jsonText(each)}}`);
  return [
    `{"topic":${JSON.stringify(source.topic)}`,
    `"partition":${source.partition}`,
    `"offset":${offset}`,
    `"timestamp":${timestampMs}`,
    `"key":${jsonText(key)}`,
    `"value":${jsonText(value)}`,
    `"headers":[${list.join(',')}]}`,
  ].join(',');
}
