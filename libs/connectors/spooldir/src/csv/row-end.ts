import type { FindEnd } from '../cut-records.ts';

const NEWLINE = 0x0a;

/**
 * Where a row ends: at a newline that is in no quotes. Quotes count only where they begin a field, so that one in the middle of
 * a text does not swallow the rows behind it.
 */
export function rowEnd(separator: number, quote: number): FindEnd {
  return (buffer, from) => {
    const newline = buffer.indexOf(NEWLINE, from);
    const firstQuote = buffer.indexOf(quote, from);
    if (firstQuote < 0 || (newline >= 0 && newline < firstQuote)) return newline;
    return endBehindQuotes(buffer, from, { separator, quote });
  };
}

interface RowBytes {
  readonly separator: number;
  readonly quote: number;
}

function endBehindQuotes(buffer: Buffer, from: number, { separator, quote }: RowBytes): number {
  let at = from;
  while (at < buffer.length) {
    if (buffer[at] === quote) {
      at = closingQuote(buffer, at, quote);
      if (at < 0) return -1;
    }
    // To the end of the field, or of the row.
    while (at < buffer.length && buffer[at] !== separator && buffer[at] !== NEWLINE) at += 1;
    if (buffer[at] === NEWLINE) return at;
    at += 1;
  }
  return -1;
}

/** Behind the quote that closes the field that begins here; −1 if there is none yet. */
function closingQuote(buffer: Buffer, opening: number, quote: number): number {
  let at = opening + 1;
  for (;;) {
    const found = buffer.indexOf(quote, at);
    // The byte behind the last one may make two quotes of it.
    if (found < 0 || found + 1 >= buffer.length) return -1;
    if (buffer[found + 1] !== quote) return found + 1;
    at = found + 2;
  }
}
