import fc from 'fast-check';
import { decimalOf } from '../data/decimal.ts';
import type { Schema, StructSchema } from '../data/schema.ts';
import { optionalSchema, schemas } from '../data/schemas.ts';
import type { DataValue } from '../data/value.ts';

/** A schema with a value of it. */
export interface SchemaAndValue {
  readonly schema: Schema;
  readonly value: DataValue;
}

const LEVELS_MAX = 3;
const int64 = fc
  .bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
  .map((value) => (Number.isSafeInteger(Number(value)) ? Number(value) : value));
const text = fc.string({ unit: 'binary' }).filter((value) => value.isWellFormed());
// JSON has neither; −0 is 0 there.
const float = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0 || 0);

/** Any schema and a value of it; null too where the schema allows it, but not as the whole. */
export function dataOfSchema(): fc.Arbitrary<SchemaAndValue> {
  return level(LEVELS_MAX);
}

function level(levels: number): fc.Arbitrary<SchemaAndValue> {
  const scalar = fc.oneof(
    of(schemas.int8(), fc.integer({ min: -128, max: 127 })),
    of(schemas.int32(), fc.integer()),
    of(schemas.int64(), int64),
    of(
      schemas.float32(),
      fc.float({ noNaN: true, noDefaultInfinity: true }).map((value) => value || 0),
    ),
    of(schemas.float64(), float),
    of(schemas.boolean(), fc.boolean()),
    of(schemas.string(), text),
    of(schemas.bytes(), fc.uint8Array()),
    of(schemas.timestamp(), fc.integer()),
    of(schemas.date(), fc.integer()),
    of(
      schemas.decimal(3),
      fc.bigInt().map((value) => decimalOf(value, 3)),
    ),
  );
  if (levels === 0) return scalar;
  const inner = level(levels - 1);
  return fc.oneof(
    scalar,
    inner.map(({ schema, value }) => ({ schema: schemas.array(schema), value: [value, value] })),
    fc
      .tuple(inner, text)
      .map(([{ schema, value }, key]) => ({ schema: schemas.map(schemas.string(), schema), value: new Map([[key, value]]) })),
    struct(inner),
  );
}

function of(schema: Schema, values: fc.Arbitrary<DataValue>): fc.Arbitrary<SchemaAndValue> {
  return values.map((value) => ({ schema, value }));
}

function struct(inner: fc.Arbitrary<SchemaAndValue>): fc.Arbitrary<{ readonly schema: StructSchema; readonly value: DataValue }> {
  const field = fc.record({ name: fc.stringMatching(/^[a-z][a-z0-9_]{0,8}$/), datum: inner, isNull: fc.boolean() });
  return fc.uniqueArray(field, { selector: ({ name }) => name, maxLength: 4 }).map((fields) => ({
    schema: schemas.struct(
      fields.map(({ name, datum }) => ({ name, schema: optionalSchema(datum.schema) })),
      { name: 'R' },
    ),
    value: Object.fromEntries(fields.map(({ name, datum, isNull }) => [name, isNull ? null : datum.value])),
  }));
}
