/**
 * The primitives of the files' encoding: unsigned varints of seven bits a byte, least significant group first (up to 2⁵³ − 1);
 * bytes and strings (ASCII) carry their length before them.
 */

/** Appends to a buffer that grows by doubling. */
export class ByteWriter {
  private buffer = new Uint8Array(1024);
  private length = 0;

  byte(value: number): void {
    this.reserve(1);
    this.buffer[this.length] = value;
    this.length += 1;
  }

  varint(value: number): void {
    let rest = value;
    for (; rest > 0x7f; rest = Math.floor(rest / 128)) this.byte((rest % 128) | 0x80);
    this.byte(rest);
  }

  bytes(value: Uint8Array): void {
    this.varint(value.length);
    this.reserve(value.length);
    this.buffer.set(value, this.length);
    this.length += value.length;
  }

  text(value: string): void {
    this.varint(value.length);
    this.reserve(value.length);
    for (let i = 0; i < value.length; i += 1) this.buffer[this.length + i] = value.charCodeAt(i);
    this.length += value.length;
  }

  size(): number {
    return this.length;
  }

  /** What was written since the last take. */
  take(): Uint8Array {
    const taken = this.buffer.slice(0, this.length);
    this.length = 0;
    return taken;
  }

  private reserve(count: number): void {
    if (this.length + count <= this.buffer.length) return;
    const grown = new Uint8Array(Math.max(this.buffer.length * 2, this.length + count));
    grown.set(this.buffer.subarray(0, this.length));
    this.buffer = grown;
  }
}

/** Thrown by the reader on bytes that end too early or make no sense; the callers turn it into what it means there. */
export class MalformedBytes extends Error {
  override readonly name = 'MalformedBytes';
}

const VARINT_BYTES_MAX = 8;

export class ByteReader {
  private readonly buffer: Uint8Array;
  private position = 0;

  constructor(buffer: Uint8Array) {
    this.buffer = buffer;
  }

  done(): boolean {
    return this.position === this.buffer.length;
  }

  byte(): number {
    const value = this.buffer[this.position];
    if (value === undefined) throw new MalformedBytes('the bytes end too early');
    this.position += 1;
    return value;
  }

  varint(): number {
    let value = 0;
    let scale = 1;
    for (let count = 0; count < VARINT_BYTES_MAX; count += 1) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
    throw new MalformedBytes('a varint is too long');
  }

  bytes(): Uint8Array {
    const length = this.varint();
    if (length > this.buffer.length - this.position) throw new MalformedBytes('the bytes end too early');
    this.position += length;
    return this.buffer.slice(this.position - length, this.position);
  }

  text(): string {
    const length = this.varint();
    if (length > this.buffer.length - this.position) throw new MalformedBytes('the bytes end too early');
    this.position += length;
    return LATIN1.decode(this.buffer.subarray(this.position - length, this.position));
  }
}

const LATIN1 = new TextDecoder('latin1');
