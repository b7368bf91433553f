import { type DataFields, type DataValue, type Datum, isFields, NULL_DATUM, parseJson, readField } from '@moldau/connect';
import type { Decode } from './charset.ts';
import { type FindEnd, lineEnd } from './cut-records.ts';
import type { SpoolConfig } from './spool-config.ts';
import type { SpoolFile } from './spool-file.ts';

/** What was read of one record. */
export interface ParsedRecord {
  readonly key: Datum;
  readonly value: Datum;
  readonly timestampMs: number | undefined;
}

/** The record that a text is; undefined for a line that says nothing. @throws Error with what is wrong */
export type ParseRecord = (text: string) => ParsedRecord | undefined;

/** How the files of a connector are read. */
export interface RecordFormat {
  readonly findEnd: FindEnd;
  /** Reads what stands at the beginning of the file before its records. @throws Error with what is wrong, which spoils the whole file */
  open(file: SpoolFile, decode: Decode): Promise<ParseRecord>;
}

/** Each line a text. */
export const lineFormat: RecordFormat = {
  findEnd: lineEnd,
  open: () => Promise.resolve((text) => ({ key: NULL_DATUM, value: { value: text }, timestampMs: undefined })),
};

/** Each line a JSON value, without a schema. Empty lines say nothing. */
export function jsonFormat(config: SpoolConfig): RecordFormat {
  const names = config['key.fields'];
  const timeField = config['timestamp.field'];
  const parse: ParseRecord = (text) => {
    if (text.trim() === '') return undefined;
    const value = parseJson(text);
    if (names.length === 0 && timeField === undefined) return { key: NULL_DATUM, value: { value }, timestampMs: undefined };
    if (!isFields(value)) throw new Error('an object is needed: key.fields or timestamp.field name its fields');
    return { key: keyOf(value, names), value: { value }, timestampMs: timeField === undefined ? undefined : timeOf(value, timeField) };
  };
  return { findEnd: lineEnd, open: () => Promise.resolve(parse) };
}

function keyOf(fields: DataFields, names: readonly string[]): Datum {
  if (names.length === 0) return NULL_DATUM;
  const lacking = names.find((name) => readField(fields, name) === undefined);
  if (lacking !== undefined) throw new Error(`there is no field "${lacking}", which key.fields names`);
  return { value: Object.fromEntries(names.map((name) => [name, readField(fields, name)])) };
}

/** @throws Error if the field holds no milliseconds since 1970 */
export function timeOf(fields: DataFields, name: string): number {
  const value: DataValue = readField(fields, name);
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw new Error(`field "${name}" holds no milliseconds since 1970, which timestamp.field needs`);
  }
  return value;
}
