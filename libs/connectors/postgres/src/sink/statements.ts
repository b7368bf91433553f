import { quoteName, quoteTable } from '../connection/quote-name.ts';
import type { Parameter } from '../connection/session.ts';
import { arrayLiteral } from './array-literal.ts';
import { columnText } from './column-text.ts';
import type { Row } from './row.ts';
import type { PostgresSinkConfig } from './sink-config.ts';
import type { TableColumns } from './table.ts';

export interface Statement {
  readonly text: string;
  readonly values: readonly Parameter[];
}

/** One statement for rows that have the same columns: an array for each column, so its text is the same for any number of rows. */
export function writeStatement(
  table: string,
  columns: TableColumns,
  rows: readonly Row[],
  mode: PostgresSinkConfig['insert.mode'],
): Statement {
  const [first] = rows;
  const names = first?.columns.map(({ name }) => name) ?? [];
  const keys = names.slice(0, first?.keys ?? 0);
  const types = names.map((name) => columns.get(name) ?? 'text');
  const values = types.map((type, index) => arrayLiteral(rows.map((row) => columnText(row.values[index], type))));
  const arrays = types.map((type, index) => `$${index + 1}::${elementType(type)}[]`);
  const given = `unnest(${arrays.join(', ')}) AS v(${names.map(quoteName).join(', ')})`;
  const cast = (name: string): string => `v.${quoteName(name)}::${columns.get(name) ?? 'text'}`;
  const same = keys.map((name) => `t.${quoteName(name)} = ${cast(name)}`).join(' AND ');
  const others = names.slice(keys.length);
  const list = names.map(quoteName).join(', ');
  if (first?.tombstone === true) return { text: `DELETE FROM ${quoteTable(table)} AS t USING ${given} WHERE ${same}`, values };
  if (mode === 'update') {
    const set = others.map((name) => `${quoteName(name)} = ${cast(name)}`).join(', ');
    return { text: `UPDATE ${quoteTable(table)} AS t SET ${set} FROM ${given} WHERE ${same}`, values };
  }
  const insert = `INSERT INTO ${quoteTable(table)} (${list}) SELECT ${names.map(cast).join(', ')} FROM ${given}`;
  if (mode === 'insert') return { text: insert, values };
  const set = others.map((name) => `${quoteName(name)} = EXCLUDED.${quoteName(name)}`).join(', ');
  const action = others.length === 0 ? 'DO NOTHING' : `DO UPDATE SET ${set}`;
  return { text: `${insert} ON CONFLICT (${keys.map(quoteName).join(', ')}) ${action}`, values };
}

/**
 * Runs of rows that one statement each may write, one after the other. Where writing replaces, only the last row of each key
 * is left, since one statement may not touch a row twice, and the others would leave no trace. Rows that set different columns
 * do leave a trace, so those keep their order.
 */
export function runsOf(
  rows: readonly Row[],
  options: { readonly replaces: boolean; readonly rowsMax: number },
): readonly (readonly Row[])[] {
  const signatures = signaturesOf(rows);
  const kinds = new Set(rows.flatMap((row, index) => (row.tombstone ? [] : [signatures[index]])));
  if (options.replaces && kinds.size <= 1) {
    const last = lastOfEachKey(rows);
    const deletions = last.filter(({ tombstone }) => tombstone);
    return [
      ...cut(deletions, options.rowsMax),
      ...cut(
        last.filter(({ tombstone }) => !tombstone),
        options.rowsMax,
      ),
    ];
  }
  const segments: Row[][] = [];
  rows.forEach((row, index) => {
    const segment = index > 0 && signatures[index] === signatures[index - 1] ? segments.at(-1) : undefined;
    if (segment === undefined) segments.push([row]);
    else segment.push(row);
  });
  return segments.flatMap((segment) => cut(options.replaces ? lastOfEachKey(segment) : segment, options.rowsMax));
}

/** Type of the elements of a column's array. A column of arrays would make an array of arrays, which must be rectangular: texts instead. */
function elementType(type: string): string {
  return type.endsWith('[]') ? 'text' : type;
}

/** What a row does to which columns, as a text for each. */
function signaturesOf(rows: readonly Row[]): readonly string[] {
  let columns: Row['columns'] | undefined;
  let signature = '';
  return rows.map((row) => {
    if (row.columns !== columns) signature = row.columns.map(({ name }) => JSON.stringify(name)).join();
    columns = row.columns;
    return row.tombstone ? `delete ${signature}` : signature;
  });
}

function cut(rows: readonly Row[], rowsMax: number): readonly (readonly Row[])[] {
  return Array.from({ length: Math.ceil(rows.length / rowsMax) }, (_, index) => rows.slice(index * rowsMax, (index + 1) * rowsMax));
}

function lastOfEachKey(rows: readonly Row[]): readonly Row[] {
  const last = new Map<string, Row>();
  for (const row of rows) last.set(keyText(row.values.slice(0, row.keys)), row);
  return [...last.values()];
}

function keyText(key: Row['values']): string {
  const [first] = key;
  if (key.length === 1 && typeof first !== 'object') return `${typeof first}${String(first)}`;
  return JSON.stringify(key, (_name, each: unknown) => (typeof each === 'bigint' ? `${each}n` : each));
}
