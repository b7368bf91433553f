/**
 * A value of a record in memory. With a schema it has the shape that `schema.ts` gives for each type; without one it is
 * what JSON has, or a string, or bytes. A whole number is a `bigint` only where it is no safe integer.
 */
export type DataValue =
  | null
  | undefined
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly DataValue[]
  | ReadonlyMap<DataValue, DataValue>
  | DataFields;

/** Fields of a struct by their names; without a schema, any object. */
export type DataFields = { readonly [name: string]: DataValue };
