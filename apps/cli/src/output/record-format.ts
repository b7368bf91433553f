import type { ConsumedRecord } from '@moldau/client';
import { InvalidArgumentError } from 'commander';

const NULL = Buffer.from('null');
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', '0': '\0', '\\': '\\' };

type Piece = (record: ConsumedRecord<Uint8Array | null, Uint8Array | null>) => Uint8Array;

const FIELDS: Readonly<Record<string, Piece>> = {
  k: (record) => record.key ?? NULL,
  K: (record) => Buffer.from(String(record.key?.length ?? -1)),
  v: (record) => record.value ?? NULL,
  V: (record) => Buffer.from(String(record.value?.length ?? -1)),
  t: (record) => Buffer.from(record.topic),
  p: (record) => Buffer.from(String(record.partition)),
  o: (record) => Buffer.from(String(record.offset)),
  T: (record) => Buffer.from(String(record.timestampMs)),
  h: (record) =>
    Buffer.from(record.headers.map(([name, value]) => `${name}=${value === null ? 'null' : Buffer.from(value).toString()}`).join(',')),
};

/** The fields of a format, for the help. */
export const FORMAT_HELP =
  '%k key, %v value, %o offset, %p partition, %t topic, %T timestamp in ms, %h headers, %K and %V lengths in bytes (-1: null), %% a percent sign; \\n \\t \\r \\0 \\\\ as usual';

/**
 * Turns a format such as `%k %v %o\n` into a function that gives a record's bytes; keys and values come untouched.
 *
 * @throws InvalidArgumentError for an unknown field
 */
export function compileRecordFormat(format: string): (record: ConsumedRecord<Uint8Array | null, Uint8Array | null>) => Uint8Array {
  const pieces: Piece[] = [];
  let literal = '';
  const flush = (): void => {
    if (literal === '') return;
    const bytes = Buffer.from(literal);
    pieces.push(() => bytes);
    literal = '';
  };
  for (let at = 0; at < format.length; at++) {
    const character = format.charAt(at);
    const next = format.charAt(at + 1);
    if (character === '\\' && next in ESCAPES) literal += ESCAPES[format.charAt(++at)];
    else if (character === '%' && next === '%') literal += format.charAt(++at);
    else if (character === '%') {
      const field = FIELDS[next];
      if (field === undefined)
        throw new InvalidArgumentError(`unknown field '%${next}' in the format '${format}'; known are ${FORMAT_HELP}.`);
      flush();
      pieces.push(field);
      at++;
    } else literal += character;
  }
  flush();
  return (record) =>
    pieces.length === 1 && pieces[0] !== undefined ? pieces[0](record) : Buffer.concat(pieces.map((piece) => piece(record)));
}
