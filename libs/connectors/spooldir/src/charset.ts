/** Character sets in which a newline, a quote and a separator are the bytes that they are in ASCII, wherever they stand. */
export const CHARSETS = [
  'utf-8',
  'us-ascii',
  'iso-8859-1',
  'iso-8859-2',
  'iso-8859-15',
  'windows-1250',
  'windows-1251',
  'windows-1252',
  'koi8-r',
] as const;
export type Charset = (typeof CHARSETS)[number];

/** What stands for a byte that is no character. */
const REPLACEMENT = '\uFFFD';

/** The text of bytes. @throws Error if they are no text of the character set */
export type Decode = (bytes: Buffer) => string;

export function decoderOf(charset: Charset): Decode {
  // Node's own names: WHATWG's iso-8859-1 means windows-1252, in which 0x80 … 0x9f are other characters.
  if (charset === 'iso-8859-1') return (bytes) => bytes.toString('latin1');
  if (charset === 'us-ascii') return decodeAscii;
  const strict = new TextDecoder(charset, { fatal: true, ignoreBOM: true });
  if (charset !== 'utf-8') return (bytes) => strictly(strict, bytes, charset);
  // Node decodes short texts faster than a TextDecoder does; only a text with a replacement in it may have been wrong.
  return (bytes) => {
    const text = bytes.toString('utf8');
    return text.includes(REPLACEMENT) ? strictly(strict, bytes, charset) : text;
  };
}

function decodeAscii(bytes: Buffer): string {
  const at = bytes.findIndex((byte) => byte > 0x7f);
  if (at >= 0) throw new Error(`byte ${at + 1} of the line is 0x${(bytes[at] ?? 0).toString(16)}, which is not ASCII`);
  return bytes.toString('latin1');
}

function strictly(decoder: InstanceType<typeof TextDecoder>, bytes: Buffer, charset: Charset): string {
  try {
    return decoder.decode(bytes);
  } catch (error) {
    throw new Error(`the ${bytes.length} bytes of the line are not ${charset}`, { cause: error });
  }
}
