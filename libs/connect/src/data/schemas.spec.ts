import { describe, expect, it } from 'vitest';
import { checkValue } from './check-value.ts';
import { bytesOfInteger, decimalOf, integerOfBytes, unscaledOf } from './decimal.ts';
import { incompatibilities, projectValue } from './project-value.ts';
import type { Schema } from './schema.ts';
import { sameSchema, schemas } from './schemas.ts';
import type { DataValue } from './value.ts';

const person = schemas.struct(
  { id: schemas.int64(), name: schemas.string({ optional: true }), tags: schemas.array(schemas.string()) },
  { name: 'Person' },
);

describe('values', () => {
  it.each<[Schema, DataValue]>([
    [schemas.int8(), -128],
    [schemas.int64(), 2n ** 63n - 1n],
    [schemas.decimal(2), '-12.50'],
    [schemas.bytes(), new Uint8Array(3)],
    [schemas.map(schemas.string(), schemas.int32()), new Map([['a', 1]])],
    [person, { id: 1, name: null, tags: ['x'] }],
    [schemas.int32({ default: 7 }), null],
  ])('of %o are accepted', (schema, value) => {
    expect(() => checkValue(schema, value)).not.toThrow();
  });

  it.each<[Schema, DataValue, string]>([
    [schemas.int8(), 128, 'number 128 is not of type int8'],
    [schemas.int64(), 2n ** 63n, 'bigint 9223372036854775808 is not of type int64'],
    [schemas.int64(), 2 ** 60, 'number 1152921504606847000 is not of type int64'],
    [schemas.int32(), null, 'null where int32 is required'],
    [schemas.decimal(2), '1.5', 'the text "1.5" is not a decimal with 2 digits after the point'],
    [person, { id: 1, tags: ['a', 5] }, 'tags[1]: number 5 is not of type string'],
    [person, { id: 1, tags: [], age: 3 }, 'field "age" is not in the schema'],
    [person, [], 'a list is not of type struct'],
    [person, { tags: [] }, 'id: null where int64 is required'],
  ])('of %o refuse %o', (schema, value, message) => {
    expect(() => checkValue(schema, value)).toThrow(message);
  });
});

describe('schemas', () => {
  it('refuse fields that come twice or reach into the prototype', () => {
    expect(() => schemas.struct([{ name: '__proto__', schema: schemas.int8() }])).toThrow("can't be called __proto__");
    const twice = [schemas.int8(), schemas.int8()].map((schema) => ({ name: 'a', schema }));
    expect(() => schemas.struct(twice)).toThrow('two fields are called a');
  });

  it('are the same whatever the order of their facts', () => {
    expect(sameSchema(schemas.string({ name: 'x', optional: true }), schemas.string({ optional: true, name: 'x' }))).toBe(true);
    expect(sameSchema(schemas.struct({ a: schemas.int8() }), schemas.struct({ a: schemas.int16() }))).toBe(false);
    expect(sameSchema(schemas.int64({ default: 1n }), schemas.int64({ default: 2n }))).toBe(false);
  });
});

describe('reading with another schema', () => {
  const writer = schemas.struct({ id: schemas.int32(), gone: schemas.string() });

  it('widens numbers, fills defaults, drops what is unknown', () => {
    const reader = schemas.struct({
      id: schemas.int64(),
      added: schemas.string({ default: 'x' }),
      maybe: schemas.int8({ optional: true }),
    });
    expect(incompatibilities(writer, reader)).toEqual([]);
    expect(projectValue({ id: 5, gone: 'y' }, writer, reader)).toEqual({ id: 5, added: 'x', maybe: null });
  });

  it('names every obstacle with its place', () => {
    const reader = schemas.struct({ id: schemas.int16(), added: schemas.string(), gone: schemas.boolean() });
    expect(incompatibilities(writer, reader)).toEqual([
      "id: int32 can't be read as int16",
      'added: missing, and required by the reader',
      "gone: string can't be read as boolean",
    ]);
    expect(() => projectValue({ id: 5, gone: 'y' }, writer, reader)).toThrow("id: int32 can't be read as int16");
  });
});

describe('decimals', () => {
  it.each([
    ['12.50', 2, 1250n],
    ['-0.05', 2, -5n],
    ['7', 0, 7n],
    ['-1200', -2, -12n],
  ] as const)('%s at scale %i is %s', (text, scale, unscaled) => {
    expect(unscaledOf(text, scale)).toBe(unscaled);
    expect(decimalOf(unscaled, scale)).toBe(text);
  });

  it('refuse digits that the scale has no place for', () => {
    expect(() => unscaledOf('1.234', 2)).toThrow('1.234 has 3 digits after the point; the scale is 2');
    expect(() => unscaledOf('1e5', 2)).toThrow('is not a decimal');
  });

  it('lie in bytes as in Java', () => {
    const examples: readonly (readonly [bigint, string])[] = [
      [0n, '00'],
      [127n, '7f'],
      [128n, '0080'],
      [-128n, '80'],
      [-129n, 'ff7f'],
    ];
    for (const [value, hex] of examples) {
      expect(Buffer.from(bytesOfInteger(value)).toString('hex')).toBe(hex);
      expect(integerOfBytes(Buffer.from(hex, 'hex'))).toBe(value);
    }
  });
});
