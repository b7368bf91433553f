import { DataError } from './data-error.ts';
import { describeValue } from './describe-value.ts';
import { isFields, readField } from './fields.ts';
import type { Schema } from './schema.ts';
import type { DataValue } from './value.ts';

/** Deepest nesting of values that is followed. */
export const DEPTH_MAX = 100;
const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;

const INTEGER_RANGES = {
  int8: [-128, 127],
  int16: [-32_768, 32_767],
  int32: [-2_147_483_648, 2_147_483_647],
  date: [-2_147_483_648, 2_147_483_647],
  time: [0, 86_399_999],
  timestamp: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
} as const;

/** Plain notation, as `decimal` values have it. */
const DECIMAL = /^-?\d+(\.(\d+))?$/;

/** @throws DataError naming the place and the value, if the value is not what the schema says */
export function checkValue(schema: Schema, value: DataValue): void {
  const complaint = complaintAbout(schema, value, '', 0);
  if (complaint !== undefined) throw new DataError(complaint);
}

/** Whether a value of type int64 is a whole number of 64 bits. */
export function isInt64(value: DataValue): value is number | bigint {
  if (typeof value === 'bigint') return value >= INT64_MIN && value <= INT64_MAX;
  return Number.isSafeInteger(value);
}

function complaintAbout(schema: Schema, value: DataValue, path: string, depth: number): string | undefined {
  if (value === null || value === undefined) {
    return schema.optional === true || schema.default !== undefined ? undefined : `${place(path)}null where ${schema.type} is required`;
  }
  if (depth > DEPTH_MAX) return `${place(path)}nested deeper than ${DEPTH_MAX}`;
  return fits(schema, value) ? within(schema, value, path, depth) : `${place(path)}${describeValue(value)} is not ${nameOf(schema)}`;
}

function fits(schema: Schema, value: DataValue): boolean {
  switch (schema.type) {
    case 'int8':
    case 'int16':
    case 'int32':
    case 'date':
    case 'time':
    case 'timestamp': {
      const [min, max] = INTEGER_RANGES[schema.type];
      return typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max;
    }
    case 'int64':
      return isInt64(value);
    case 'float32':
    case 'float64':
      return typeof value === 'number';
    case 'boolean':
      return typeof value === 'boolean';
    case 'string':
      return typeof value === 'string';
    case 'bytes':
      return value instanceof Uint8Array;
    case 'decimal':
      return typeof value === 'string' && (DECIMAL.exec(value)?.[2]?.length ?? 0) === Math.max(schema.scale, 0) && DECIMAL.test(value);
    case 'array':
      return Array.isArray(value);
    case 'map':
      return value instanceof Map;
    case 'struct':
      return isFields(value);
  }
}

function within(schema: Schema, value: DataValue, path: string, depth: number): string | undefined {
  if (schema.type === 'array') {
    return firstOf((value as readonly DataValue[]).entries(), ([index, item]) =>
      complaintAbout(schema.items, item, `${path}[${index}]`, depth + 1),
    );
  }
  if (schema.type === 'map') {
    return firstOf(
      value as ReadonlyMap<DataValue, DataValue>,
      ([key, each]) =>
        complaintAbout(schema.keys, key, `${path} key`, depth + 1) ??
        complaintAbout(schema.values, each, `${path}{${describeValue(key)}}`, depth + 1),
    );
  }
  if (schema.type !== 'struct' || !isFields(value)) return undefined;
  const wrong = firstOf(schema.fields, (field) =>
    complaintAbout(field.schema, readField(value, field.name), path === '' ? field.name : `${path}.${field.name}`, depth + 1),
  );
  if (wrong !== undefined) return wrong;
  const names = new Set(schema.fields.map(({ name }) => name));
  const stranger = Object.keys(value).find((name) => !names.has(name));
  return stranger === undefined ? undefined : `${place(path)}field "${stranger}" is not in the schema`;
}

function firstOf<T>(items: Iterable<T>, complain: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const complaint = complain(item);
    if (complaint !== undefined) return complaint;
  }
  return undefined;
}

function place(path: string): string {
  return path === '' ? '' : `${path}: `;
}

function nameOf(schema: Schema): string {
  return schema.type === 'decimal' ? `a decimal with ${schema.scale} digits after the point` : `of type ${schema.type}`;
}
