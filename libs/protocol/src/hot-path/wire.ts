import { assert } from '@moldau/kernel';

/** Protobuf's wire type of bytes, strings and messages. */
const LENGTH_DELIMITED = 2;

/** Length of an unsigned varint below 2³². */
export function varintLength(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x20_0000) return 3;
  return value < 0x1000_0000 ? 4 : 5;
}

/** Length of a field of that many bytes with its tag; the field number is below 16. */
export function delimitedLength(length: number): number {
  return 1 + varintLength(length) + length;
}

/** Fills one buffer of known size with fields, each byte copied once. */
export class WireWriter {
  readonly bytes: Buffer;
  #position = 0;

  constructor(length: number) {
    this.bytes = Buffer.allocUnsafe(length);
  }

  /** Tag and length of a field whose content follows. */
  open(field: number, length: number): void {
    this.bytes[this.#position++] = (field << 3) | LENGTH_DELIMITED;
    let rest = length;
    while (rest > 0x7f) {
      this.bytes[this.#position++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.bytes[this.#position++] = rest;
  }

  put(chunk: Uint8Array): void {
    this.bytes.set(chunk, this.#position);
    this.#position += chunk.length;
  }

  /** The whole message; asserts that its length was right. */
  finish(): Uint8Array {
    assert(this.#position === this.bytes.length, 'a message is as long as was computed', {
      position: this.#position,
      length: this.bytes.length,
    });
    return this.bytes;
  }
}
