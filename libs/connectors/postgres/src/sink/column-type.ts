import type { DataValue, Schema } from '@moldau/connect';

/** The type of a column for values of this schema. */
export function columnTypeOf(schema: Schema): string {
  switch (schema.type) {
    case 'int8':
    case 'int16':
      return 'smallint';
    case 'int32':
      return 'integer';
    case 'int64':
      return 'bigint';
    case 'float32':
      return 'real';
    case 'float64':
      return 'double precision';
    case 'boolean':
      return 'boolean';
    case 'string':
      return 'text';
    case 'bytes':
      return 'bytea';
    case 'decimal':
      return 'numeric';
    case 'date':
      return 'date';
    case 'time':
      return 'time';
    case 'timestamp':
      return 'timestamp with time zone';
    case 'array':
    case 'map':
    case 'struct':
      return 'jsonb';
  }
}

/** The type of a column for a value without a schema. Null says nothing: text takes anything. */
export function guessColumnType(value: DataValue): string {
  switch (typeof value) {
    case 'boolean':
      return 'boolean';
    case 'bigint':
      return 'numeric';
    case 'number':
      // What is whole in one record need not be in the next.
      return Number.isInteger(value) ? 'bigint' : 'double precision';
    case 'object':
      if (value === null) return 'text';
      return value instanceof Uint8Array ? 'bytea' : 'jsonb';
    default:
      return 'text';
  }
}
