import type { DataFields, DataValue } from './value.ts';

/** Whether the value is an object with fields, not bytes, a map or a list. */
export function isFields(value: DataValue): value is DataFields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array) && !(value instanceof Map);
}

/** Reads an own field: names of the prototype are no fields. */
export function readField(fields: DataFields, name: string): DataValue {
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}

/** An object of these fields; a name like `__proto__` is a field like any other. */
export function fieldsOf(entries: Iterable<readonly [string, DataValue]>): DataFields {
  return Object.fromEntries(entries);
}
