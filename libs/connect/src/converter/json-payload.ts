import { checkValue } from '../data/check-value.ts';
import { DataError } from '../data/data-error.ts';
import { bytesOfInteger, decimalOf, integerOfBytes, unscaledOf } from '../data/decimal.ts';
import { describeValue } from '../data/describe-value.ts';
import { fieldsOf, isFields, readField } from '../data/fields.ts';
import type { DecimalSchema, MapSchema, Schema, StructSchema } from '../data/schema.ts';
import type { DataValue } from '../data/value.ts';
import { base64, finite, mapToJson, rawNumber } from './json-text.ts';

/** How decimals stand in JSON: the unscaled number's bytes, or a number. */
export type DecimalFormat = 'BASE64' | 'NUMERIC';

/** The value of this schema as what `JSON.stringify` takes. @throws DataError if it does not have the schema's shape */
export function payloadOf(schema: Schema, value: DataValue, decimals: DecimalFormat): unknown {
  checkValue(schema, value);
  return write(schema, value, decimals);
}

function write(schema: Schema, given: DataValue, decimals: DecimalFormat): unknown {
  const value = given ?? schema.default;
  if (value === null || value === undefined) return null;
  switch (schema.type) {
    case 'array':
      return (value as readonly DataValue[]).map((item) => write(schema.items, item, decimals));
    case 'map':
      return mapToJson([...(value as ReadonlyMap<DataValue, DataValue>)], (each) => write(schema.values, each, decimals));
    case 'struct':
      return Object.fromEntries(
        schema.fields.map(({ name, schema: inner }) => [name, write(inner, readField(value as never, name), decimals)]),
      );
    case 'decimal':
      return decimals === 'NUMERIC' ? rawNumber(value as string) : base64(bytesOfInteger(unscaledOf(value as string, schema.scale)));
    case 'bytes':
      return base64(value as Uint8Array);
    case 'int64':
      return typeof value === 'bigint' ? rawNumber(String(value)) : value;
    case 'float32':
    case 'float64':
      return finite(value as number);
    case 'int8':
    case 'int16':
    case 'int32':
    case 'boolean':
    case 'string':
    case 'date':
    case 'time':
    case 'timestamp':
      return value;
  }
}

/** What parsed JSON means by this schema. @throws DataError naming the field */
export function fromJson(schema: Schema, json: DataValue, path: string): DataValue {
  const value = read(schema, json, path);
  if (path === '') checkValue(schema, value);
  return value;
}

function read(schema: Schema, json: DataValue, path: string): DataValue {
  if (json === null || json === undefined) return schema.default ?? null;
  switch (schema.type) {
    case 'array':
      return list(json, path).map((item, index) => read(schema.items, item, `${path}[${index}]`));
    case 'map':
      return readMap(schema, json, path);
    case 'struct':
      return readStruct(schema, json, path);
    case 'decimal':
      return readDecimal(schema, json, path);
    case 'bytes':
      return decodeBase64(json, path);
    case 'int8':
    case 'int16':
    case 'int32':
    case 'int64':
    case 'boolean':
    case 'string':
    case 'date':
    case 'time':
    case 'timestamp':
      return json;
    case 'float32':
    case 'float64':
      // A float that is whole is written without a fraction, and parsed as a whole number of any size.
      return typeof json === 'bigint' ? Number(json) : json;
  }
}

function readMap(schema: MapSchema, json: DataValue, path: string): DataValue {
  if (isFields(json)) {
    if (schema.keys.type !== 'string') throw wrong(json, 'a list of pairs, as keys are no texts', path);
    return new Map(Object.entries(json).map(([key, each]) => [key, read(schema.values, each, `${path}{${key}}`)]));
  }
  return new Map(
    list(json, path).map((pair, index) => {
      const [key, each, ...rest] = list(pair, `${path}[${index}]`);
      if (rest.length > 0) throw wrong(pair, 'a pair', `${path}[${index}]`);
      return [read(schema.keys, key, path), read(schema.values, each, path)];
    }),
  );
}

function readStruct(schema: StructSchema, json: DataValue, path: string): DataValue {
  if (!isFields(json)) throw wrong(json, 'an object', path);
  const prefix = path === '' ? '' : `${path}.`;
  return fieldsOf(schema.fields.map(({ name, schema: inner }) => [name, read(inner, readField(json, name), prefix + name)]));
}

/** By either format, as Kafka reads it. A number of more than 15 digits with a fraction has lost digits by now and is refused. */
function readDecimal(schema: DecimalSchema, json: DataValue, path: string): DataValue {
  if (typeof json === 'string') return decimalOf(integerOfBytes(decodeBase64(json, path)), schema.scale);
  if (typeof json !== 'number' && typeof json !== 'bigint') throw wrong(json, 'a number or base64', path);
  const text = String(json);
  if (typeof json === 'number' && !Number.isInteger(json) && text.replaceAll(/\D/g, '').length > 15) {
    throw wrong(json, 'a decimal of at most 15 digits; use decimal.format=BASE64', path);
  }
  return decimalOf(unscaledOf(text, schema.scale), schema.scale);
}

function decodeBase64(json: DataValue, path: string): Uint8Array {
  if (typeof json !== 'string' || !/^[A-Za-z0-9+/]*={0,2}$/.test(json) || json.length % 4 !== 0) throw wrong(json, 'bytes in base64', path);
  return new Uint8Array(Buffer.from(json, 'base64'));
}

function list(json: DataValue, path: string): readonly DataValue[] {
  if (!Array.isArray(json)) throw wrong(json, 'a list', path);
  return json as readonly DataValue[];
}

function wrong(json: DataValue, wanted: string, path: string): DataError {
  return new DataError(`${path === '' ? '' : `${path}: `}${describeValue(json)} is not ${wanted}`);
}
