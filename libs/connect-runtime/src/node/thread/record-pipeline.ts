import type { ConsumedRecord, HeaderInput, ProducerRecord } from '@moldau/client';
import type { DataHeader, SinkRecord, SourceRecord } from '@moldau/connect';
import { MoldauError } from '@moldau/kernel';
import { converterOf, type RuntimeConverter } from './converters.ts';
import type { ConverterDefaults } from './thread-messages.ts';

/** A record's way between a connector and a topic: converters and transforms. */
export interface RecordPipeline {
  /** Undefined: a transform dropped it. @throws what is wrong with the record */
  outgoing(record: SourceRecord): ProducerRecord<Uint8Array, Uint8Array> | undefined;
  /** Undefined: a transform dropped it. @throws what is wrong with the record */
  incoming(record: ConsumedRecord): SinkRecord | undefined;
}

/** @throws MoldauError CONNECTOR_CONFIG_INVALID */
export function createPipeline(config: Readonly<Record<string, string>>, defaults: ConverterDefaults): RecordPipeline {
  const key = converter('key.converter', config['key.converter'] ?? defaults.keyConverter);
  const value = converter('value.converter', config['value.converter'] ?? defaults.valueConverter);
  const header = converter('header.converter', config['header.converter'] ?? defaults.headerConverter);
  return {
    outgoing(record) {
      const { topic, partition, timestampMs, headers } = record;
      return {
        topic,
        key: key.toBytes(topic, record.key),
        value: value.toBytes(topic, record.value),
        ...(headers.length === 0 ? {} : { headers: headers.map((one): HeaderInput => [one.name, header.toBytes(topic, one.value)]) }),
        ...(partition === undefined ? {} : { partition }),
        ...(timestampMs === undefined ? {} : { timestampMs }),
      };
    },
    incoming(record) {
      const { topic, partition, offset, timestampMs } = record;
      return {
        topic,
        partition,
        offset,
        timestampMs,
        source: { topic, partition },
        key: key.toData(topic, record.key),
        value: value.toData(topic, record.value),
        headers: record.headers.map(([name, bytes]): DataHeader => ({ name, value: header.toData(topic, bytes) })),
      };
    },
  };
}

function converter(field: string, name: string): RuntimeConverter {
  const found = converterOf(name);
  if (found !== undefined) return found;
  throw new MoldauError('CONNECTOR_CONFIG_INVALID', `${field} is '${name}', which is no converter`, { field, value: name });
}
