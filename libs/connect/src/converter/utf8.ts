import { DataError } from '../data/data-error.ts';

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
/** Stands in decoded text where bytes were no UTF-8. */
const REPLACEMENT = '\uFFFD';

/** The bytes as text. Fast for what is UTF-8; what isn't is refused, not replaced. @throws DataError */
export function textOf(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  if (text.includes(REPLACEMENT)) assertUtf8(bytes);
  return text;
}

function assertUtf8(bytes: Uint8Array): void {
  try {
    strict.decode(bytes);
  } catch (error) {
    throw new DataError(`${bytes.length} bytes that are not UTF-8`, { cause: error });
  }
}
