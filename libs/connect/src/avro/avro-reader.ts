import { textOf } from '../converter/utf8.ts';
import { DataError } from '../data/data-error.ts';

/** Longest variable-length number in bytes: ten groups of seven bits hold 64. */
const VARINT_BYTES_MAX = 10;

/** Reads Avro's binary encoding. Each read checks that the bytes are there, so a length from outside never allocates more. */
export class AvroReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get remaining(): number {
    return this.#bytes.length - this.#at;
  }

  byte(): number {
    return this.#bytes[this.#advance(1)] as number;
  }

  /** A zigzag number of 64 bits; `bigint` only where a number would lose digits. */
  long(): number | bigint {
    let result = 0;
    let scale = 1;
    // Seven groups make 49 bits: exact as a number.
    for (let group = 0; group < 7; group++) {
      const byte = this.byte();
      result += (byte & 0x7f) * scale;
      if (byte < 0x80) return result % 2 === 0 ? result / 2 : -(result + 1) / 2;
      scale *= 128;
    }
    return this.#longTail(BigInt(result));
  }

  /** A zigzag number that must be whole and within 32 bits. */
  int(): number {
    const value = this.long();
    if (typeof value === 'bigint' || value < -2_147_483_648 || value > 2_147_483_647)
      throw new DataError(`${value} does not fit into 32 bits`);
    return value;
  }

  /** A length or a count. */
  size(): number {
    const value = this.long();
    if (typeof value === 'bigint' || value < 0 || value > this.remaining) {
      throw new DataError(`a length of ${value} with ${this.remaining} bytes left`);
    }
    return value;
  }

  float(): number {
    return this.#view.getFloat32(this.#advance(4), true);
  }

  double(): number {
    return this.#view.getFloat64(this.#advance(8), true);
  }

  /** A copy: the record's memory may be used again. */
  bytes(length: number): Uint8Array {
    const from = this.#advance(length);
    return this.#bytes.slice(from, from + length);
  }

  string(): string {
    const length = this.size();
    const from = this.#advance(length);
    return textOf(this.#bytes.subarray(from, from + length));
  }

  #longTail(low: bigint): number | bigint {
    let result = low;
    for (let group = 7; group < VARINT_BYTES_MAX; group++) {
      const byte = this.byte();
      result |= BigInt(byte & 0x7f) << BigInt(group * 7);
      if (byte < 0x80) {
        const value = BigInt.asIntN(64, (result >> 1n) ^ -(result & 1n));
        const number = Number(value);
        return Number.isSafeInteger(number) ? number : value;
      }
    }
    throw new DataError(`a number of more than ${VARINT_BYTES_MAX} bytes`);
  }

  #advance(length: number): number {
    const from = this.#at;
    if (length > this.remaining) throw new DataError(`${length} bytes are missing at ${from}: ${this.remaining} are left`);
    this.#at = from + length;
    return from;
  }
}
