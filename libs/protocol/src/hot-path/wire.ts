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

/** Writes fields one after the other into a buffer, each byte copied once. */
export class WireWriter {
  readonly #target: Uint8Array;
  #position: number;

  constructor(target: Uint8Array, from: number) {
    this.#target = target;
    this.#position = from;
  }

  /** Tag and length of a field whose content follows. */
  open(field: number, length: number): void {
    this.#target[this.#position++] = (field << 3) | LENGTH_DELIMITED;
    let rest = length;
    while (rest > 0x7f) {
      this.#target[this.#position++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#target[this.#position++] = rest;
  }

  put(chunk: Uint8Array): void {
    this.#target.set(chunk, this.#position);
    this.#position += chunk.length;
  }

  /** Asserts that the message ends where its computed length said. */
  finish(end: number): void {
    assert(this.#position === end, 'a message is as long as was computed', { position: this.#position, end });
  }
}
