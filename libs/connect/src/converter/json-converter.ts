import { type ConfigValues, declareConfig } from '../config/config-declaration.ts';
import { field } from '../config/fields.ts';
import { DataError } from '../data/data-error.ts';
import { type Datum, NULL_DATUM } from '../data/datum.ts';
import { isFields, readField } from '../data/fields.ts';
import type { Schema } from '../data/schema.ts';
import type { Converter, ConverterDefinition } from './converter.ts';
import { type DecimalFormat, fromJson, payloadOf } from './json-payload.ts';
import { schemaFromJson, schemaToJson } from './json-schema-envelope.ts';
import { parseJson, stringifyJson } from './json-text.ts';
import { textOf } from './utf8.ts';

const KAFKA_NAME = 'org.apache.kafka.connect.json.JsonConverter';

const config = declareConfig({
  'schemas.enable': field.boolean({
    optional: true,
    doc: 'Records are `{"schema": …, "payload": …}`. Left out it is false under the name json and true under Kafka\'s name, as there.',
  }),
  'schemas.cache.size': field.integer({ default: 1000, min: 1, max: 100_000, importance: 'low', doc: 'Schemas that are remembered.' }),
  'decimal.format': field.choice(['BASE64', 'NUMERIC'], { default: 'BASE64', importance: 'low', doc: 'How decimals are written.' }),
  'replace.null.with.default': field.boolean({
    default: true,
    importance: 'low',
    doc: 'A null is read and written as the default of its schema.',
  }),
});

/** JSON, alone or in Kafka's envelope with its schema. */
export const jsonConverter: ConverterDefinition<ConfigValues<typeof config>> = {
  name: 'json',
  aliases: [KAFKA_NAME, 'JsonConverter'],
  doc: "JSON in UTF-8, plain or in Kafka's envelope with its schema. Whole numbers beyond 2^53 keep all their digits.",
  config,
  create: (settings, _ports, alias) => {
    const isKafkas = alias === KAFKA_NAME || alias === 'JsonConverter';
    return (settings['schemas.enable'] ?? isKafkas)
      ? withSchemas(settings['schemas.cache.size'], settings['decimal.format'])
      : withoutSchemas(settings['decimal.format']);
  },
};

function withoutSchemas(decimals: DecimalFormat): Converter {
  return {
    decode: (bytes) => (bytes === null ? NULL_DATUM : { value: parseJson(textOf(bytes)) }),
    encode: ({ schema, value }) => {
      if (value === null || value === undefined) return null;
      return schema === undefined ? stringifyJson(value) : JSON.stringify(payloadOf(schema, value, decimals));
    },
  };
}

function withSchemas(cacheSize: number, decimals: DecimalFormat): Converter {
  const written = new WeakMap<Schema, string>();
  const read = new Map<string, Schema>();
  return {
    decode: (bytes) => (bytes === null ? NULL_DATUM : open(parseJson(textOf(bytes)), read, cacheSize)),
    encode: ({ schema, value }) => {
      if (schema === undefined) return value === null || value === undefined ? null : `{"schema":null,"payload":${stringifyJson(value)}}`;
      let text = written.get(schema);
      if (text === undefined) {
        text = JSON.stringify(schemaToJson(schema));
        written.set(schema, text);
      }
      return `{"schema":${text},"payload":${JSON.stringify(payloadOf(schema, value, decimals))}}`;
    },
  };
}

function open(envelope: Datum['value'], cache: Map<string, Schema>, cacheSize: number): Datum {
  if (
    !isFields(envelope) ||
    Object.keys(envelope).length !== 2 ||
    !Object.hasOwn(envelope, 'schema') ||
    !Object.hasOwn(envelope, 'payload')
  ) {
    throw new DataError('schemas.enable needs exactly "schema" and "payload" in each record; for plain JSON set schemas.enable=false');
  }
  const json = readField(envelope, 'schema');
  if (json === null) return { value: readField(envelope, 'payload') };
  const key = stringifyJson(json);
  let schema = cache.get(key);
  if (schema === undefined) {
    schema = schemaFromJson(json);
    const [oldest] = cache.size >= cacheSize ? cache.keys() : [];
    if (oldest !== undefined) cache.delete(oldest);
    cache.set(key, schema);
  }
  return { schema, value: fromJson(schema, readField(envelope, 'payload'), '') };
}
