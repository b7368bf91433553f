import { declareConfig } from '../config/config-declaration.ts';
import { NULL_DATUM } from '../data/datum.ts';
import type { ConverterDefinition } from './converter.ts';
import { stringifyJson } from './json-text.ts';
import { literalOf } from './literal.ts';
import { textOf } from './utf8.ts';

/** Kafka's default for headers. */
export const simpleHeaderConverter: ConverterDefinition = {
  name: 'simple',
  aliases: ['org.apache.kafka.connect.storage.SimpleHeaderConverter', 'SimpleHeaderConverter'],
  doc: 'Texts as they are, everything else as JSON; reading, what looks like a number, a boolean, null or JSON is one.',
  config: declareConfig({}),
  create: () => ({
    decode: (bytes) => (bytes === null ? NULL_DATUM : literalOf(textOf(bytes))),
    encode: ({ value }) => {
      if (value === null || value === undefined) return null;
      return typeof value === 'string' || value instanceof Uint8Array ? value : stringifyJson(value);
    },
  }),
};
