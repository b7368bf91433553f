import type { Datum } from './datum.ts';
import type { DataValue } from './value.ts';

/**
 * A value as plain JSON without its schema, for targets that take JSON: bytes in base64, maps as objects, whole numbers that
 * are no safe integers with all their digits. Numbers that JSON lacks are null.
 */
export function jsonText({ value }: Datum): string {
  return JSON.stringify(value ?? null, replacer);
}

function replacer(this: unknown, key: string, given: unknown): unknown {
  if (typeof given === 'bigint') return rawJson.rawJSON(given.toString());
  if (typeof given !== 'object' || given === null) return given;
  // `toJSON` of a Buffer has run by now: what it was is in the holder.
  const original = (this as Readonly<Record<string, DataValue>>)[key];
  if (original instanceof Uint8Array) return Buffer.from(original.buffer, original.byteOffset, original.length).toString('base64');
  if (given instanceof Map)
    return Object.fromEntries([...(given as ReadonlyMap<DataValue, DataValue>)].map(([name, each]) => [nameOf(name), each]));
  return given;
}

function nameOf(key: DataValue): string {
  return typeof key === 'string' ? key : jsonText({ value: key });
}

/** Part of Node 22 and later; the compiler's library does not know it yet. */
const rawJson = JSON as unknown as { rawJSON(text: string): unknown };
