import type { DataValue } from './value.ts';

/**
 * The types of Kafka Connect's schemas, its logical ones (decimal, date, time, timestamp) as types of their own.
 *
 * | type | value in memory |
 * |---|---|
 * | int8, int16, int32 | `number` |
 * | int64 | `number` while it is a safe integer, else `bigint` |
 * | float32, float64 | `number` |
 * | boolean, string | the same |
 * | bytes | `Uint8Array` |
 * | decimal | `string` in plain notation, with `scale` digits after the point |
 * | date | `number`: whole days since 1970-01-01 |
 * | time | `number`: milliseconds since midnight |
 * | timestamp | `number`: milliseconds since 1970-01-01T00:00:00Z |
 * | array | an array |
 * | map | `ReadonlyMap` |
 * | struct | an object with the fields by their names |
 */
export const SCHEMA_TYPES = [
  'int8',
  'int16',
  'int32',
  'int64',
  'float32',
  'float64',
  'boolean',
  'string',
  'bytes',
  'decimal',
  'date',
  'time',
  'timestamp',
  'array',
  'map',
  'struct',
] as const;

export type SchemaType = (typeof SCHEMA_TYPES)[number];

/** What every schema may say of itself. */
export interface SchemaFacts {
  /** Null is a value too. Default: false. */
  readonly optional?: boolean;
  /** Stands for a value that is absent. */
  readonly default?: DataValue;
  /** Full name, with dots: that of a record in Avro. */
  readonly name?: string;
  readonly version?: number;
  readonly doc?: string;
  /** Free text by name, as Kafka's schemas have it. */
  readonly parameters?: Readonly<Record<string, string>>;
}

export interface SimpleSchema extends SchemaFacts {
  readonly type: Exclude<SchemaType, 'decimal' | 'array' | 'map' | 'struct'>;
}

export interface DecimalSchema extends SchemaFacts {
  readonly type: 'decimal';
  /** Digits after the point; whole, may be negative. */
  readonly scale: number;
}

export interface ArraySchema extends SchemaFacts {
  readonly type: 'array';
  readonly items: Schema;
}

export interface MapSchema extends SchemaFacts {
  readonly type: 'map';
  readonly keys: Schema;
  readonly values: Schema;
}

export interface StructField {
  readonly name: string;
  readonly schema: Schema;
}

export interface StructSchema extends SchemaFacts {
  readonly type: 'struct';
  readonly fields: readonly StructField[];
}

/** What a value is. Immutable; converters and transforms remember what they made of one by its identity, so share it. */
export type Schema = SimpleSchema | DecimalSchema | ArraySchema | MapSchema | StructSchema;
