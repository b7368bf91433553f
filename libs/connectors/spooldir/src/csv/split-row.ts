/** A field of a row: `null` cannot be told from a text before it is known whether there were quotes. */
export interface RowField {
  readonly text: string;
  readonly quoted: boolean;
}

export interface RowSyntax {
  /** One character each. */
  readonly separator: string;
  readonly quote: string;
}

/**
 * The fields of one row, as RFC 4180 has them: quotes around a field, twice inside for themselves. A quote in the middle of a
 * field that began without one is an ordinary character. @throws Error if a quote is never closed, or text stands behind one
 */
export function splitRow(row: string, { separator, quote }: RowSyntax): readonly RowField[] {
  if (!row.includes(quote)) return row.split(separator).map((text) => ({ text, quoted: false }));
  const fields: RowField[] = [];
  let at = 0;
  for (;;) {
    const { field, next } = row[at] === quote ? readQuoted(row, at, quote) : readPlain(row, at, separator);
    fields.push(field);
    if (next >= row.length) return fields;
    if (row[next] !== separator) throw new Error(`field ${fields.length}: "${row.slice(next, next + 20)}" stands behind the closing quote`);
    at = next + 1;
  }
}

interface Read {
  readonly field: RowField;
  /** Of the separator behind the field, or the end. */
  readonly next: number;
}

function readPlain(row: string, at: number, separator: string): Read {
  const found = row.indexOf(separator, at);
  const next = found < 0 ? row.length : found;
  return { field: { text: row.slice(at, next), quoted: false }, next };
}

function readQuoted(row: string, at: number, quote: string): Read {
  let text = '';
  let from = at + 1;
  for (;;) {
    const end = row.indexOf(quote, from);
    if (end < 0) throw new Error('a quote is not closed');
    text += row.slice(from, end);
    if (row[end + 1] !== quote) return { field: { text, quoted: true }, next: end + 1 };
    text += quote;
    from = end + 2;
  }
}
