import avsc from 'avsc';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DataValue } from '../data/value.ts';
import { AvroReader } from './avro-reader.ts';
import { AvroWriter } from './avro-writer.ts';
import { compileAvro } from './compile-avro.ts';

function encode(schema: unknown, value: DataValue): Uint8Array {
  const writer = new AvroWriter();
  compileAvro(JSON.stringify(schema)).write(writer, value);
  return writer.take();
}

function decode(schema: unknown, bytes: Uint8Array): DataValue {
  // A plain array, as bytes in it are then: a Buffer is no equal of one to `toEqual`.
  return compileAvro(JSON.stringify(schema)).read(new AvroReader(Uint8Array.from(bytes)));
}

const person = {
  type: 'record',
  name: 'Person',
  namespace: 'org.example',
  fields: [
    { name: 'id', type: 'long' },
    { name: 'name', type: 'string' },
    { name: 'age', type: ['null', 'int'], default: null },
    { name: 'kind', type: { type: 'enum', name: 'Kind', symbols: ['A', 'B'] }, default: 'B' },
    { name: 'hash', type: { type: 'fixed', name: 'Hash', size: 4 } },
    { name: 'other', type: ['null', 'Hash'] },
    { name: 'scores', type: { type: 'array', items: 'double' } },
    { name: 'labels', type: { type: 'map', values: 'boolean' } },
    { name: 'photo', type: 'bytes' },
    { name: 'ratio', type: 'float' },
  ],
};

const people = fc.record({
  // avsc reckons in doubles and loses the last bit beyond; all 64 bits are tried below.
  id: fc.integer({ min: -(2 ** 52), max: 2 ** 52 }),
  name: fc.string({ unit: 'binary' }).filter((text) => text.isWellFormed()),
  age: fc.option(fc.integer()),
  kind: fc.constantFrom('A', 'B'),
  hash: fc.uint8Array({ minLength: 4, maxLength: 4 }),
  other: fc.option(fc.uint8Array({ minLength: 4, maxLength: 4 })),
  scores: fc.array(fc.double({ noNaN: true })),
  labels: fc.dictionary(
    fc.string({ unit: 'grapheme-ascii' }).filter((key) => key !== '__proto__'),
    fc.boolean(),
  ),
  photo: fc.uint8Array(),
  ratio: fc.float({ noNaN: true }),
});

describe('the Avro codec', () => {
  it('writes the bytes that avsc writes, and reads them back', () => {
    const theirs = avsc.Type.forSchema(person as avsc.Schema);
    fc.assert(
      fc.property(people, (given) => {
        const bytes = encode(person, given);
        const buffers = {
          ...given,
          hash: Buffer.from(given.hash),
          photo: Buffer.from(given.photo),
          other: given.other && Buffer.from(given.other),
        };
        expect(Buffer.from(bytes).equals(theirs.toBuffer(buffers))).toBe(true);
        expect(decode(person, bytes)).toEqual({ ...given, labels: new Map(Object.entries(given.labels)) });
      }),
      { numRuns: 200 },
    );
  });

  it('keeps all 64 bits of a long', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
        expect(BigInt(decode('long', encode('long', value)) as bigint)).toBe(value);
      }),
    );
    expect(decode('long', encode('long', 2n ** 53n))).toBe(2n ** 53n);
    expect(decode('long', encode('long', 2 ** 53 - 1))).toBe(2 ** 53 - 1);
  });

  it('has logical types as schemas', () => {
    const schema = {
      type: 'record',
      name: 'R',
      fields: [
        { name: 'price', type: { type: 'bytes', logicalType: 'decimal', precision: 9, scale: 2 } },
        { name: 'fixed', type: { type: 'fixed', name: 'F', size: 8, logicalType: 'decimal', precision: 9, scale: 1 } },
        { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } },
        { name: 'micros', type: { type: 'long', logicalType: 'timestamp-micros' } },
        { name: 'day', type: { type: 'int', logicalType: 'date' } },
      ],
    };
    const codec = compileAvro(JSON.stringify(schema));
    const types = codec.schema.type === 'struct' ? codec.schema.fields.map((field) => field.schema.type) : [];
    expect(types).toEqual(['decimal', 'decimal', 'timestamp', 'int64', 'date']);
    const value = { price: '-12.50', fixed: '-0.1', at: 1_700_000_000_000, micros: 5, day: 20_000 };
    expect(decode(schema, encode(schema, value))).toEqual(value);
  });

  it('fills what is missing by defaults, and names the field that is wrong', () => {
    const value = { id: 1, name: 'x', hash: new Uint8Array(4), scores: [], labels: {}, photo: new Uint8Array(0), ratio: 0 };
    expect(decode(person, encode(person, value))).toMatchObject({ age: null, kind: 'B', other: null });
    expect(() => encode(person, { ...value, id: 'x' })).toThrow('id: the text "x" is not a long');
    expect(() => encode(person, { ...value, kind: 'C' })).toThrow('kind: the text "C" is not one of A, B (org.example.Kind)');
    expect(() => encode('int', 2 ** 31)).toThrow('is not an int');
  });

  it('refuses bytes that end too early or lie about their length', () => {
    expect(() => decode('string', new Uint8Array([20, 65]))).toThrow('a length of 10 with 1 bytes left');
    expect(() => decode('double', new Uint8Array(7))).toThrow('8 bytes are missing at 0: 7 are left');
    expect(() => decode('long', new Uint8Array(11).fill(0xff))).toThrow('a number of more than 10 bytes');
    expect(() => decode({ type: 'array', items: { type: 'record', name: 'E', fields: [] } }, encode('long', 2 ** 40))).toThrow(
      'at most 10000000 are allowed',
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          decode(person, bytes);
        } catch (error) {
          expect((error as Error).name).toBe('DataError');
        }
      }),
    );
  });

  it.each<[unknown, string]>([
    [['int', 'string'], 'a union of 2 types; only null and one other type are supported'],
    ['colour', '"colour" is no Avro type'],
    [
      { type: 'record', name: 'N', fields: [{ name: 'next', type: ['null', 'N'] }] },
      'N.next: record N holds itself, which is not supported',
    ],
    [{ type: 'record', name: 'N', fields: [{ name: 'a', type: 'int', default: 'x' }] }, 'N.a: the text "x" is not a number'],
    [{ type: 'enum', name: 'E', symbols: [] }, '"symbols" must be a list of texts'],
    [{ type: 'fixed', name: 'F', size: -1 }, 'its size is a whole number'],
  ])('refuses the schema %j', (schema, message) => {
    expect(() => compileAvro(JSON.stringify(schema))).toThrow(message);
  });
});
