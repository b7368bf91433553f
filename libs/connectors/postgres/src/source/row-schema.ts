import type { DataFields, DataValue, Datum, StructSchema } from '@moldau/connect';
import type { FieldDef } from 'pg';
import { schemaOf } from '../connection/value-parsers.ts';

/** Turns rows of one set of columns into values with a schema. */
export interface RowShape {
  value(row: readonly unknown[]): Datum;
  key(row: readonly unknown[]): Datum;
}

/** The shape of the result's columns, without the last `hidden` ones, which are positions. */
export function createRowShape(
  name: string,
  columns: readonly FieldDef[],
  options: { readonly hidden: number; readonly key: readonly string[] },
): RowShape {
  const shown = columns.slice(0, columns.length - options.hidden);
  const all = structOf(name, shown);
  const value = (row: readonly unknown[]): Datum => ({ schema: all, value: fieldsOf(shown, (index) => row[index]) });
  const keyIndexes = options.key.map((column) => {
    const index = shown.findIndex((each) => each.name === column);
    if (index < 0) throw new Error(`${name} has no column ${column}, which key.columns names`);
    return index;
  });
  const [first, ...more] = keyIndexes;
  if (first === undefined) return { value, key: () => ({ value: null }) };
  const keyColumns = keyIndexes.flatMap((index) => shown[index] ?? []);
  if (more.length === 0) {
    const schema = all.fields[first]?.schema;
    return { value, key: (row) => ({ schema, value: row[first] as DataValue }) };
  }
  const schema = structOf(`${name}.Key`, keyColumns);
  return { value, key: (row) => ({ schema, value: fieldsOf(keyColumns, (index) => row[keyIndexes[index] ?? -1]) }) };
}

/** Whether two results have the same columns, so that one shape, and one schema, does for both. */
export function sameColumns(left: readonly FieldDef[], right: readonly FieldDef[]): boolean {
  return (
    left.length === right.length &&
    left.every(({ name, dataTypeID, dataTypeModifier }, index) => {
      const other = right[index];
      return name === other?.name && dataTypeID === other.dataTypeID && dataTypeModifier === other.dataTypeModifier;
    })
  );
}

function structOf(name: string, columns: readonly FieldDef[]): StructSchema {
  const fields = columns.map((column) => ({ name: column.name, schema: schemaOf(column.dataTypeID, column.dataTypeModifier) }));
  return { type: 'struct', name: name.replace(/[^A-Za-z0-9_.]/g, '_'), fields };
}

function fieldsOf(columns: readonly FieldDef[], valueAt: (index: number) => unknown): DataFields {
  const fields: Record<string, DataValue> = {};
  for (let index = 0; index < columns.length; index += 1) fields[columns[index]?.name ?? ''] = valueAt(index) as DataValue;
  return fields;
}
