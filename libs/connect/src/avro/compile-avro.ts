import { parseJson } from '../converter/json-text.ts';
import { DataError } from '../data/data-error.ts';
import { describeValue } from '../data/describe-value.ts';
import { isFields, readField } from '../data/fields.ts';
import type { JsonValue } from '../data/json-value.ts';
import { schemas } from '../data/schemas.ts';
import type { DataFields, DataValue } from '../data/value.ts';
import type { AvroCodec } from './avro-codec.ts';
import { type AvroField, arrayCodec, mapCodec, optionalCodec, recordCodec } from './avro-composites.ts';
import { AVRO_PRIMITIVES, decimalCodec, enumCodec, fixedCodec, intCodec, longCodec } from './avro-scalars.ts';

/** Longest schema in characters, and deepest nesting. */
const TEXT_LENGTH_MAX = 1_000_000;
const NESTING_MAX = 100;
/** Largest fixed type in bytes: as the largest record that a topic takes. */
const FIXED_BYTES_MAX = 1_048_576;

interface Scope {
  /** Named types by full name; 'open' while a type is being read, so that it can't hold itself. */
  readonly named: Map<string, AvroCodec | 'open'>;
  readonly namespace: string;
  readonly depth: number;
}

/**
 * The codec of an Avro schema (1.11), given as JSON. Unions are of null and one other type; a record can't hold itself: values
 * here are trees of a fixed shape. Logical types date, time-millis, timestamp-millis and decimal are types here; any other
 * is the type below it, as the specification says.
 * @throws DataError saying what is wrong
 */
export function compileAvro(text: string): AvroCodec {
  if (text.length > TEXT_LENGTH_MAX) throw new DataError(`a schema of ${text.length} characters; at most ${TEXT_LENGTH_MAX} are allowed`);
  return compile(parseJson(text), { named: new Map(), namespace: '', depth: 0 });
}

function compile(json: DataValue, outer: Scope): AvroCodec {
  if (outer.depth > NESTING_MAX) throw new DataError(`a schema nested deeper than ${NESTING_MAX}`);
  const scope = { ...outer, depth: outer.depth + 1 };
  if (typeof json === 'string') return reference(json, scope);
  if (Array.isArray(json)) return compileUnion(json as readonly DataValue[], scope);
  if (!isFields(json)) throw new DataError(`${describeValue(json)} is no Avro type`);
  const type = readField(json, 'type');
  if (typeof type !== 'string') return compile(type, scope);
  switch (type) {
    case 'record':
    case 'error':
      return named(json, scope, (name, inner) => compileRecord(json, name, inner));
    case 'enum':
      return named(json, scope, (name) => enumCodec(name, texts(readField(json, 'symbols'), 'symbols')));
    case 'fixed':
      return named(json, scope, (name) => compileFixed(json, name));
    case 'array':
      return arrayCodec(compile(readField(json, 'items'), scope));
    case 'map':
      return mapCodec(compile(readField(json, 'values'), scope));
    default:
      return logical(type, json) ?? reference(type, scope);
  }
}

function logical(type: string, json: DataFields): AvroCodec | undefined {
  const name = readField(json, 'logicalType');
  switch (typeof name === 'string' ? `${type} ${name}` : type) {
    case 'int date':
      return intCodec(schemas.date());
    case 'int time-millis':
      return intCodec(schemas.time());
    case 'long timestamp-millis':
      return longCodec(schemas.timestamp());
    case 'bytes decimal':
      return decimalCodec(scaleOf(json));
    default:
      return undefined;
  }
}

function reference(name: string, { named: known, namespace }: Scope): AvroCodec {
  const primitive = Object.hasOwn(AVRO_PRIMITIVES, name) ? AVRO_PRIMITIVES[name] : undefined;
  if (primitive !== undefined) return primitive;
  if (name === 'null') throw new DataError('null only makes sense in a union with another type');
  const found = known.get(fullName(name, namespace)) ?? known.get(name);
  if (found === 'open') throw new DataError(`record ${name} holds itself, which is not supported`);
  if (found === undefined) throw new DataError(`"${name}" is no Avro type`);
  return found;
}

function compileUnion(branches: readonly DataValue[], scope: Scope): AvroCodec {
  const nullIndex = branches.indexOf('null');
  if (branches.length !== 2 || (nullIndex !== 0 && nullIndex !== 1)) {
    throw new DataError(`a union of ${branches.length} types; only null and one other type are supported`);
  }
  return optionalCodec(compile(branches[1 - nullIndex], scope), nullIndex);
}

function named(json: DataFields, scope: Scope, make: (name: string, inner: Scope) => AvroCodec): AvroCodec {
  const given = readField(json, 'name');
  if (typeof given !== 'string' || !/^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/.test(given))
    throw new DataError(`${describeValue(given)} is no name of an Avro type`);
  const own = readField(json, 'namespace');
  const name = fullName(given, typeof own === 'string' ? own : scope.namespace);
  if (scope.named.has(name)) throw new DataError(`two types are called ${name}`);
  scope.named.set(name, 'open');
  const codec = make(name, { ...scope, namespace: name.split('.').slice(0, -1).join('.') });
  scope.named.set(name, codec);
  return codec;
}

function compileRecord(json: DataFields, name: string, scope: Scope): AvroCodec {
  const list = readField(json, 'fields');
  if (!Array.isArray(list)) throw new DataError(`record ${name} needs "fields", a list`);
  const doc = readField(json, 'doc');
  const fields = (list as readonly DataValue[]).map((each) => compileField(each, name, scope));
  return recordCodec(typeof doc === 'string' ? { name, doc } : { name }, fields);
}

function compileField(json: DataValue, record: string, scope: Scope): AvroField {
  const name = isFields(json) ? readField(json, 'name') : undefined;
  if (!isFields(json) || typeof name !== 'string') throw new DataError(`each field of ${record} needs "name"`);
  try {
    const codec = compile(readField(json, 'type'), scope);
    const fallback = Object.hasOwn(json, 'default') ? codec.fromDefault(json['default'] as JsonValue) : undefined;
    return { name, codec, fallback };
  } catch (error) {
    throw error instanceof DataError ? new DataError(`${record}.${name}: ${error.message}`) : error;
  }
}

function compileFixed(json: DataFields, name: string): AvroCodec {
  const size = readField(json, 'size');
  if (typeof size !== 'number' || !Number.isInteger(size) || size < 1 || size > FIXED_BYTES_MAX) {
    throw new DataError(`fixed type ${name} of ${describeValue(size)}; its size is a whole number from 1 to ${FIXED_BYTES_MAX}`);
  }
  return readField(json, 'logicalType') === 'decimal' ? decimalCodec(scaleOf(json), size) : fixedCodec(name, size);
}

function scaleOf(json: DataFields): number {
  const scale = readField(json, 'scale') ?? 0;
  return typeof scale === 'number' ? scale : Number.NaN;
}

function texts(value: DataValue, what: string): readonly string[] {
  const list: readonly DataValue[] = Array.isArray(value) ? (value as readonly DataValue[]) : [];
  if (list.length === 0 || !list.every((item) => typeof item === 'string')) throw new DataError(`"${what}" must be a list of texts`);
  return list;
}

function fullName(name: string, namespace: string): string {
  return name.includes('.') || namespace === '' ? name : `${namespace}.${name}`;
}
