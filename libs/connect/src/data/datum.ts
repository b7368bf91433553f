import type { Schema } from './schema.ts';
import type { DataValue } from './value.ts';

/** A key, a value or a header's value as transforms and converters see it. Without a schema: a plain value. */
export interface Datum {
  readonly schema?: Schema | undefined;
  readonly value: DataValue;
}

/** The datum that says nothing: no schema, null. */
export const NULL_DATUM: Datum = { value: null };
