import type { AvroCodec } from '../avro/avro-codec.ts';
import { AvroReader } from '../avro/avro-reader.ts';
import { AvroWriter } from '../avro/avro-writer.ts';
import { compileAvro } from '../avro/compile-avro.ts';
import { type ConfigValues, declareConfig } from '../config/config-declaration.ts';
import { field } from '../config/fields.ts';
import { DataError } from '../data/data-error.ts';
import { NULL_DATUM } from '../data/datum.ts';
import { optionalSchema } from '../data/schemas.ts';
import type { Converter, ConverterDefinition } from './converter.ts';

const config = declareConfig(
  {
    schema: field.string({ optional: true, importance: 'high', doc: 'The Avro schema, as JSON.' }),
    'schema.file': field.string({ optional: true, importance: 'high', doc: 'A file with the Avro schema, on the worker.' }),
  },
  {
    check: ({ schema, 'schema.file': file }) =>
      (schema === undefined) === (file === undefined) ? [{ field: 'schema', message: 'give either schema or schema.file' }] : [],
  },
);

/** Avro's binary encoding of one record by one schema. */
export const avroConverter: ConverterDefinition<ConfigValues<typeof config>> = {
  name: 'avro',
  aliases: ['AvroConverter'],
  doc: 'Avro in its binary encoding, by the schema of the settings, without a header before it. A long beyond 2^53 is a bigint. Unions are of null and one other type.',
  config,
  create: ({ schema, 'schema.file': file }, ports) => convert(compileAvro(schema ?? ports.readText(file ?? ''))),
};

function convert(codec: AvroCodec): Converter {
  const writer = new AvroWriter();
  const schema = codec.schema.optional === true ? codec.schema : optionalSchema(codec.schema);
  return {
    decode: (bytes) => {
      if (bytes === null) return NULL_DATUM;
      const reader = new AvroReader(bytes);
      const value = codec.read(reader);
      if (reader.remaining > 0) throw new DataError(`${reader.remaining} bytes after the end of the Avro record`);
      return { schema, value };
    },
    encode: ({ value }) => {
      if (value === null || value === undefined) return null;
      writer.reset();
      codec.write(writer, value);
      return writer.take();
    },
  };
}
