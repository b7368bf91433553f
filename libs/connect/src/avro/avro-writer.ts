/** Bytes that a writer starts with. */
const INITIAL_BYTES = 512;

/** Writes Avro's binary encoding; used for one record after another. */
export class AvroWriter {
  #buffer = Buffer.allocUnsafe(INITIAL_BYTES);
  #at = 0;

  /** Forgets what was written: before each record. */
  reset(): void {
    this.#at = 0;
  }

  /** A copy of what was written. */
  take(): Uint8Array {
    return Uint8Array.prototype.slice.call(this.#buffer, 0, this.#at);
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#buffer[this.#at++] = value;
  }

  /** Zigzag; whole, of at most 64 bits. */
  long(value: number | bigint): void {
    this.#reserve(10);
    if (typeof value === 'bigint' || Math.abs(value) >= 2 ** 51) this.#bigLong(BigInt(value));
    else {
      let rest = value >= 0 ? value * 2 : -value * 2 - 1;
      while (rest >= 0x80) {
        this.#buffer[this.#at++] = (rest % 128) | 0x80;
        rest = Math.floor(rest / 128);
      }
      this.#buffer[this.#at++] = rest;
    }
  }

  float(value: number): void {
    this.#reserve(4);
    this.#at = this.#buffer.writeFloatLE(value, this.#at);
  }

  double(value: number): void {
    this.#reserve(8);
    this.#at = this.#buffer.writeDoubleLE(value, this.#at);
  }

  /** Without a length before them. */
  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  string(text: string): void {
    const length = Buffer.byteLength(text);
    this.long(length);
    this.#reserve(length);
    this.#at += this.#buffer.write(text, this.#at);
  }

  #bigLong(value: bigint): void {
    let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
    while (rest >= 0x80n) {
      this.#buffer[this.#at++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.#buffer[this.#at++] = Number(rest);
  }

  #reserve(more: number): void {
    if (this.#at + more <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#at + more));
    this.#buffer.copy(larger, 0, 0, this.#at);
    this.#buffer = larger;
  }
}
