import type { JsonValue } from '../data/json-value.ts';
import type { Schema } from '../data/schema.ts';
import type { DataValue } from '../data/value.ts';
import type { AvroReader } from './avro-reader.ts';
import type { AvroWriter } from './avro-writer.ts';

/** One Avro type: its schema here, and how its values lie in bytes. */
export interface AvroCodec {
  readonly schema: Schema;
  /** @throws DataError if the bytes end too early or are no such value */
  read(reader: AvroReader): DataValue;
  /** @throws DataError if the value is not of this type */
  write(writer: AvroWriter, value: DataValue): void;
  /** A field's default, as Avro's JSON writes it. @throws DataError */
  fromDefault(json: JsonValue): DataValue;
}
