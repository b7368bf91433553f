import { assert } from '@moldau/kernel';
import { readInt32, readInt64, readUint32, writeInt32, writeInt64 } from './integers.ts';

const FIRST_BYTES = 256;
const ENCODER = new TextEncoder();

/** Writes the fields of a binary side file one after the other, big-endian. */
export class ByteWriter {
  #bytes = new Uint8Array(FIRST_BYTES);
  #length = 0;

  uint8(value: number): void {
    const at = this.#grow(1);
    this.#bytes[at] = value;
  }

  int32(value: number): void {
    const at = this.#grow(4);
    writeInt32(this.#bytes, at, value);
  }

  /** A safe integer, as int64. */
  int64(value: number): void {
    const at = this.#grow(8);
    writeInt64(this.#bytes, at, value);
  }

  bytes(value: Uint8Array): void {
    this.int32(value.length);
    const at = this.#grow(value.length);
    this.#bytes.set(value, at);
  }

  /** Bytes that their reader knows the length of. */
  raw(value: Uint8Array): void {
    const at = this.#grow(value.length);
    this.#bytes.set(value, at);
  }

  text(value: string): void {
    this.bytes(ENCODER.encode(value));
  }

  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #grow(count: number): number {
    const at = this.#length;
    this.#length += count;
    if (this.#length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(this.#length, 2 * this.#bytes.length));
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    return at;
  }
}

/** Reads what a `ByteWriter` wrote, from bytes whose CRC was checked: running off their end is a bug. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  uint8(): number {
    return this.#bytes[this.#take(1)] ?? 0;
  }

  int32(): number {
    return readInt32(this.#bytes, this.#take(4));
  }

  uint32(): number {
    return readUint32(this.#bytes, this.#take(4));
  }

  int64(): number {
    return readInt64(this.#bytes, this.#take(8));
  }

  bytes(): Uint8Array {
    const length = this.int32();
    const at = this.#take(length);
    return this.#bytes.subarray(at, at + length);
  }

  text(): string {
    return new TextDecoder().decode(this.bytes());
  }

  get done(): boolean {
    return this.#position === this.#bytes.length;
  }

  #take(count: number): number {
    const at = this.#position;
    assert(count >= 0 && at + count <= this.#bytes.length, 'a checked side file holds its fields', { at, count });
    this.#position = at + count;
    return at;
  }
}
