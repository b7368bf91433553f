import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Datum } from '../data/datum.ts';
import type { JsonObject } from '../data/json-value.ts';
import type { Schema } from '../data/schema.ts';
import { sameSchema, schemas } from '../data/schemas.ts';
import type { DataValue } from '../data/value.ts';
import { dataOfSchema } from '../testing/arbitrary-data.ts';
import type { Converter } from './converter.ts';
import { createConverter } from './converters.ts';

const noFiles = { readText: (path: string): string => `no file ${path}` };

function converter(name: string, settings: JsonObject = {}): Converter {
  const created = createConverter('value.converter', name, settings, noFiles);
  if (!created.ok) throw new Error(created.errors.map(({ field, message }) => `${field}: ${message}`).join('\n'));
  return created.converter;
}

function bytes(text: Uint8Array | string | null): Uint8Array | null {
  return typeof text === 'string' ? Buffer.from(text) : text;
}

function roundTrip(through: Converter, datum: Datum): Datum {
  return through.decode(bytes(through.encode(datum)));
}

describe('strings and bytes', () => {
  it('give the very text or bytes on, and come back equal', () => {
    const given = new Uint8Array([0, 255, 128]);
    expect(converter('bytes').encode({ value: given })).toBe(given);
    expect(converter('org.apache.kafka.connect.converters.ByteArrayConverter').decode(given).value).toBe(given);
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }).filter((text) => text.isWellFormed()),
        (value) => roundTrip(converter('string'), { value }).value === value,
      ),
    );
  });

  it('refuse bytes that are no UTF-8, and take the replacement character where it was sent', () => {
    expect(() => converter('string').decode(new Uint8Array([0xff, 0x41]))).toThrow('2 bytes that are not UTF-8');
    expect(converter('string').decode(Buffer.from('a\uFFFD')).value).toBe('a\uFFFD');
  });

  it('write what is no text as JSON', () => {
    expect(converter('org.apache.kafka.connect.storage.StringConverter').encode({ value: { a: [1n, true] } })).toBe('{"a":[1,true]}');
    expect(() => converter('bytes').encode({ value: 5 })).toThrow('the bytes converter writes bytes and texts, not number 5');
  });
});

describe('single values', () => {
  it.each<[string, DataValue, string]>([
    ['org.apache.kafka.connect.converters.IntegerConverter', -2, 'fffffffe'],
    ['LongConverter', 2n ** 63n - 1n, '7fffffffffffffff'],
    ['int16', 258, '0102'],
    ['DoubleConverter', 1.5, '3ff8000000000000'],
    ['FloatConverter', 1.5, '3fc00000'],
    ['BooleanConverter', true, '01'],
  ])('%s writes %s as %s', (name, value, hex) => {
    expect(Buffer.from(converter(name).encode({ value }) as Uint8Array).toString('hex')).toBe(hex);
    expect(converter(name).decode(Buffer.from(hex, 'hex')).value).toEqual(value);
  });

  it('refuse what does not fit', () => {
    expect(() => converter('int32').encode({ value: 2 ** 31 })).toThrow('number 2147483648 is no int32');
    expect(() => converter('int32').decode(new Uint8Array(3))).toThrow('3 bytes are no int32: it has 4');
    expect(() => converter('boolean').decode(new Uint8Array([2]))).toThrow('byte 2 is no boolean');
  });
});

describe('JSON', () => {
  it('without schemas keeps whole numbers of any size', () => {
    const text = '{"id":9223372036854775807,"list":[1,2.5,null],"big":1234567890123456789012}';
    const datum = converter('json').decode(Buffer.from(text));
    expect(datum).toEqual({ value: { id: 9223372036854775807n, list: [1, 2.5, null], big: 1234567890123456789012n } });
    expect(converter('json').encode(datum)).toBe(text);
  });

  it("with schemas is Kafka's envelope", () => {
    const schema = schemas.struct(
      {
        id: schemas.int64(),
        price: schemas.decimal(2),
        at: schemas.timestamp({ optional: true }),
        raw: schemas.bytes({ default: new Uint8Array([1]) }),
      },
      { name: 'Sale', version: 3 },
    );
    const value = { id: 2n ** 60n, price: '12.50', at: null, raw: new Uint8Array([255]) };
    const json = converter('org.apache.kafka.connect.json.JsonConverter');
    const text = json.encode({ schema, value });
    expect(text).toBe(
      '{"schema":{"type":"struct","fields":[{"type":"int64","optional":false,"field":"id"},' +
        '{"type":"bytes","parameters":{"scale":"2"},"optional":false,"name":"org.apache.kafka.connect.data.Decimal","version":1,"field":"price"},' +
        '{"type":"int64","optional":true,"name":"org.apache.kafka.connect.data.Timestamp","version":1,"field":"at"},' +
        '{"type":"bytes","optional":false,"default":"AQ==","field":"raw"}],"optional":false,"name":"Sale","version":3},' +
        '"payload":{"id":1152921504606846976,"price":"BOI=","at":null,"raw":"/w=="}}',
    );
    const read = json.decode(bytes(text));
    expect(sameSchema(read.schema, schema)).toBe(true);
    expect(read.value).toEqual(value);
  });

  it('with schemas brings any value back, and its schema', () => {
    const json = converter('json', { 'schemas.enable': 'true' });
    fc.assert(
      fc.property(dataOfSchema(), ({ schema, value }) => {
        const read = roundTrip(json, { schema, value });
        expect(sameSchema(read.schema, schema)).toBe(true);
        expect(read.value).toEqual(value);
      }),
      { numRuns: 200 },
    );
  });

  it('says what is wrong with a record', () => {
    const json = converter('json', { 'schemas.enable': true });
    expect(() => json.decode(Buffer.from('{"a":1}'))).toThrow('schemas.enable needs exactly "schema" and "payload"');
    expect(() => json.decode(Buffer.from('{"a":'))).toThrow('no JSON: ');
    const text = '{"schema":{"type":"struct","fields":[{"field":"n","type":"int8"}]},"payload":{"n":300}}';
    expect(() => json.decode(Buffer.from(text))).toThrow('n: number 300 is not of type int8');
    expect(() => json.decode(Buffer.from('{"schema":{"type":"colour"},"payload":1}'))).toThrow(
      'a schema of unknown type the text "colour"',
    );
    expect(() => converter('json').encode({ value: Number.NaN })).toThrow("NaN can't be written as JSON");
  });

  it('takes a name like __proto__ for a name like any other', () => {
    const datum = converter('json').decode(Buffer.from('{"__proto__":{"polluted":1},"a":1}'));
    expect(Object.keys(datum.value as object)).toEqual(['__proto__', 'a']);
    expect(({} as { readonly polluted?: unknown }).polluted).toBeUndefined();
    expect(converter('json').encode(datum)).toBe('{"__proto__":{"polluted":1},"a":1}');
  });

  it('writes decimals as numbers where asked to', () => {
    const json = converter('json', { 'decimal.format': 'NUMERIC' });
    expect(json.encode({ schema: schemas.decimal(3), value: '123456789012345678.125' })).toBe('123456789012345678.125');
  });
});

describe('null', () => {
  it.each(['string', 'bytes', 'json', 'int64', 'simple'])('is no bytes at all for %s, both ways', (name) => {
    expect(converter(name).encode({ value: null })).toBeNull();
    expect(converter(name).decode(null)).toEqual({ value: null });
  });
});

describe('headers', () => {
  it.each<[string, Schema | undefined, DataValue]>([
    ['12', schemas.int8(), 12],
    ['300', schemas.int16(), 300],
    ['9223372036854775807', schemas.int64(), 9223372036854775807n],
    ['1.5', schemas.float64(), 1.5],
    ['true', schemas.boolean(), true],
    ['abc', schemas.string(), 'abc'],
    ['"12"', schemas.string(), '12'],
    ['[1,2]', undefined, [1, 2]],
    ['{not json', schemas.string(), '{not json'],
  ])('%s is read as what it looks like', (text, schema, value) => {
    expect(converter('org.apache.kafka.connect.storage.SimpleHeaderConverter').decode(Buffer.from(text))).toEqual(
      schema === undefined ? { value } : { schema, value },
    );
  });
});

describe('settings of converters', () => {
  it('are refused by name', () => {
    const wrong = (name: string, settings: JsonObject = {}): readonly unknown[] => {
      const created = createConverter('value.converter', name, settings, noFiles);
      return created.ok ? [] : created.errors.map(({ field, message }) => `${field}: ${message.split(';')[0] ?? ''}`);
    };
    expect(wrong('jsn')).toEqual(['value.converter: "jsn" is no converter']);
    expect(wrong('json', { 'schema.enable': true })).toEqual(['value.converter.schema.enable: unknown setting "schema.enable"']);
    expect(wrong('avro')).toEqual(['value.converter.schema: give either schema or schema.file']);
    expect(wrong('avro', { 'schema.file': '/x' })[0]).toMatch(/^value.converter: no JSON: /);
  });
});
