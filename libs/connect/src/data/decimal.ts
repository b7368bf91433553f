import { DataError } from './data-error.ts';

/** Longest decimal that is converted, in digits: work grows with the square. */
const DIGITS_MAX = 10_000;
const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?$/;

/** The number without its point: `12.50` at scale 2 → 1250. @throws DataError if it has other digits than the scale says */
export function unscaledOf(text: string, scale: number): bigint {
  const [, sign = '', whole = '', fraction = ''] = DECIMAL.exec(text) ?? [];
  if (whole === '' || text.length > DIGITS_MAX)
    throw new DataError(`"${text.slice(0, 60)}" is not a decimal of at most ${DIGITS_MAX} digits`);
  if (fraction.length > Math.max(scale, 0))
    throw new DataError(`${text} has ${fraction.length} digits after the point; the scale is ${scale}`);
  const digits = BigInt(`${sign}${whole}${fraction.padEnd(Math.max(scale, 0), '0')}`);
  if (scale >= 0) return digits;
  const unit = 10n ** BigInt(-scale);
  if (digits % unit !== 0n) throw new DataError(`${text} is no multiple of ${unit}; the scale is ${scale}`);
  return digits / unit;
}

/** 1250 at scale 2 → `12.50`. */
export function decimalOf(unscaled: bigint, scale: number): string {
  if (scale <= 0) return String(unscaled * 10n ** BigInt(-scale));
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0');
  return `${unscaled < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

/** Two's complement, big-endian, as few bytes as hold it: Java's `BigInteger.toByteArray`. */
export function bytesOfInteger(value: bigint): Uint8Array {
  let length = 1;
  while (BigInt.asIntN(length * 8, value) !== value) length++;
  const bytes = new Uint8Array(length);
  for (let index = length - 1, rest = BigInt.asUintN(length * 8, value); index >= 0; index--, rest >>= 8n)
    bytes[index] = Number(rest & 0xffn);
  return bytes;
}

/** The inverse of `bytesOfInteger`. @throws DataError if there are no bytes, or too many */
export function integerOfBytes(bytes: Uint8Array): bigint {
  if (bytes.length === 0 || bytes.length > DIGITS_MAX)
    throw new DataError(`a number of ${bytes.length} bytes; 1 … ${DIGITS_MAX} are allowed`);
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return BigInt.asIntN(bytes.length * 8, value);
}
