import { compileDatePattern, type DataValue, type Datum, NULL_DATUM, type StructField, type StructSchema, schemas } from '@moldau/connect';
import type { Decode } from '../charset.ts';
import { type ParseRecord, type RecordFormat, timeOf } from '../record-format.ts';
import type { SpoolConfig } from '../spool-config.ts';
import type { SpoolFile } from '../spool-file.ts';
import { anyOf, type Column, type ColumnFormats, columnOf, textColumn } from './column.ts';
import { rowEnd } from './row-end.ts';
import { type RowField, type RowSyntax, splitRow } from './split-row.ts';

/** Different headers whose schemas are remembered; more than that are not of one connector. */
const HEADERS_REMEMBERED_MAX = 100;

/** Rows of comma-separated values, as structs. */
export function csvFormat(config: SpoolConfig): RecordFormat {
  const syntax = { separator: character(config['csv.separator.char']), quote: character(config['csv.quote.char']) };
  const findEnd = rowEnd(syntax.separator.charCodeAt(0), syntax.quote.charCodeAt(0));
  // Schemas are remembered by identity further on, so files with the same header share one.
  const parsers = new Map<string, ParseRecord>();
  const parserOf = (names: readonly string[]): ParseRecord => {
    const known = parsers.get(JSON.stringify(names));
    if (known !== undefined) return known;
    if (parsers.size >= HEADERS_REMEMBERED_MAX) parsers.clear();
    const made = rowParser(config, syntax, names);
    parsers.set(JSON.stringify(names), made);
    return made;
  };
  return {
    findEnd,
    open: async (file, decode) => {
      for (let skipped = 0; skipped < config['csv.skip.lines']; skipped += 1) await file.readLine();
      if (config['csv.first.row.as.header']) return parserOf(await readHeader({ file, decode, syntax, findEnd }));
      if (config['csv.columns'].length > 0)
        return parserOf(config['csv.columns'].map((declared) => declared.slice(0, declared.lastIndexOf(':'))));
      // Nothing names the columns: the first row says how many there are.
      const before = file.place;
      const first = await file.readLine(findEnd);
      file.seek(before);
      const count = first === undefined ? 1 : splitRow(decode(first.bytes), syntax).length;
      return parserOf(Array.from({ length: count }, (_, index) => `column${index + 1}`));
    },
  };
}

interface HeaderSource {
  readonly file: SpoolFile;
  readonly decode: Decode;
  readonly syntax: RowSyntax;
  readonly findEnd: RecordFormat['findEnd'];
}

async function readHeader({ file, decode, syntax, findEnd }: HeaderSource): Promise<readonly string[]> {
  const row = await file.readLine(findEnd);
  if (row === undefined) return [];
  if (row.tooLongBytes !== undefined) throw new Error(`a header of ${row.tooLongBytes} bytes is longer than line.max.bytes`);
  const names = splitRow(decode(row.bytes), syntax).map(({ text }) => text.trim());
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new Error(`the header has two columns "${twice.slice(0, 100)}"`);
  if (names.includes('') && names.length > 1) throw new Error(`column ${names.indexOf('') + 1} of the header has no name`);
  return names;
}

/** A column with its place in the row. */
interface PlacedColumn extends Column {
  readonly index: number;
}

function rowParser(config: SpoolConfig, syntax: RowSyntax, names: readonly string[]): ParseRecord {
  const columns = placedColumns(config, names);
  const schemaName = config['csv.schema.name'];
  const schema = schemas.struct(columns.map(fieldOf), schemaName === undefined ? {} : { name: schemaName });
  const keys = keyColumns(config['key.fields'], columns);
  const keySchema = keys.length === 0 ? undefined : schemas.struct(keys.map(fieldOf));
  const timeField = config['timestamp.field'];
  if (timeField !== undefined) checkTimeField(timeField, columns);
  const nullText = config['csv.null.value'];
  return (row) => {
    if (row === '') return undefined;
    const fields = splitRow(row, syntax);
    if (fields.length !== names.length) throw new Error(`${fields.length} fields; there are ${names.length} columns`);
    const value = Object.fromEntries(columns.map((column) => [column.name, read(column, fields[column.index] as RowField, nullText)]));
    return {
      key: keyDatum(keySchema, value),
      value: { schema, value },
      timestampMs: timeField === undefined ? undefined : timeOf(value, timeField),
    };
  };
}

function fieldOf({ name, schema }: Column): StructField {
  return { name, schema };
}

function placedColumns(config: SpoolConfig, names: readonly string[]): readonly PlacedColumn[] {
  const declared = config['csv.columns'];
  if (declared.length === 0) return names.map((name, index) => ({ ...textColumn(name), index }));
  const formats: ColumnFormats = {
    date: compileDatePattern(config['csv.date.format']),
    time: compileDatePattern(config['csv.time.format']),
    timestamp: anyOf(config['csv.timestamp.formats'].map(compileDatePattern)),
  };
  // An empty file has no header that could lack a column.
  if (names.length === 0) return [];
  return declared.map((text) => {
    const column = columnOf(text, formats);
    const index = names.indexOf(column.name);
    if (index < 0) throw new Error(`there is no column "${column.name}"; the header has ${names.slice(0, 20).join(', ')}`);
    return { ...column, index };
  });
}

function keyColumns(names: readonly string[], columns: readonly PlacedColumn[]): readonly PlacedColumn[] {
  if (columns.length === 0) return [];
  return names.map((name) => {
    const found = columns.find((column) => column.name === name);
    if (found === undefined) throw new Error(`there is no column "${name}", which key.fields names`);
    return found;
  });
}

function checkTimeField(name: string, columns: readonly PlacedColumn[]): void {
  const type = columns.find((column) => column.name === name)?.schema.type;
  if (columns.length === 0 || type === 'timestamp' || type === 'int64') return;
  throw new Error(`timestamp.field needs a column of type timestamp or int64; "${name}" is ${type ?? 'no column'}`);
}

function read({ name, schema, read: parse }: PlacedColumn, { text, quoted }: RowField, nullText: string): DataValue {
  if (text === nullText && !quoted) {
    if (schema.optional === true) return null;
    if (schema.type !== 'string') throw new Error(`column "${name}" is empty, and of type ${schema.type} without ?`);
  }
  try {
    return parse(text);
  } catch (error) {
    throw new Error(`column "${name}": ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

function keyDatum(schema: StructSchema | undefined, value: Readonly<Record<string, DataValue>>): Datum {
  if (schema === undefined) return NULL_DATUM;
  return { schema, value: Object.fromEntries(schema.fields.map(({ name }) => [name, value[name]])) };
}

function character(text: string): string {
  return text === '\\t' ? '\t' : text;
}
