import { jsonText, type SinkRecord } from '@moldau/connect';
import type { S3SinkConfig } from './s3-sink-config.ts';

/** The line that stands for a record, with its end. @throws DataError if it can't be written */
export function lineOf(record: SinkRecord, content: S3SinkConfig['content']): string {
  if (content === 'value') return `${jsonText(record.value)}\n`;
  const { source, offset, timestampMs, key, value, headers } = record;
  const list = headers.map(({ name, value: each }) => `{"name":${JSON.stringify(name)},"value":${jsonText(each)}}`);
  const place = `"topic":${JSON.stringify(source.topic)},"partition":${source.partition},"offset":${offset}`;
  return `{${place},"timestamp":${timestampMs},"key":${jsonText(key)},"value":${jsonText(value)},"headers":[${list.join(',')}]}\n`;
}
