import { corruptBatch } from './corrupt-batch.ts';
import { unzigzag, VARINT_BYTES_MAX, VARLONG_BYTES_MAX } from './varint.ts';

const TWO_POW_28 = 0x1000_0000;

/** Reads forward through `bytes` up to `end`. Whatever is malformed or runs past `end` is a MoldauError CORRUPT_BATCH. */
export class ByteCursor {
  readonly bytes: Buffer;
  position: number;
  end: number;

  constructor(bytes: Buffer, position: number, end: number) {
    this.bytes = bytes;
    this.position = position;
    this.end = end;
  }

  /** A zigzag int32. */
  varint(): number {
    const position = this.position;
    if (position < this.end) {
      const first = this.bytes[position]!;
      if (first < 0x80) {
        this.position = position + 1;
        return (first >>> 1) ^ -(first & 1);
      }
    }
    return this.#longVarint();
  }

  #longVarint(): number {
    const stop = Math.min(this.end, this.position + VARINT_BYTES_MAX);
    let value = 0;
    let shift = 0;
    for (let at = this.position; at < stop; at++) {
      const byte = this.bytes[at]!;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        this.position = at + 1;
        return (value >>> 1) ^ -(value & 1);
      }
      shift += 7;
    }
    throw this.#badVarint(stop);
  }

  /** A zigzag int64 that is a safe integer. */
  varlong(): number {
    const position = this.position;
    if (position < this.end && this.bytes[position]! < 0x80) return this.varint();
    const stop = Math.min(this.end, position + VARLONG_BYTES_MAX);
    let low = 0;
    let high = 0;
    let scale = 1;
    for (let at = position; at < stop; at++) {
      const byte = this.bytes[at]!;
      const bits = byte & 0x7f;
      if (scale < TWO_POW_28) low += bits * scale;
      else high += bits * (scale / TWO_POW_28);
      scale *= 128;
      if (byte < 0x80) {
        const value = unzigzag(low, high);
        if (!Number.isSafeInteger(value)) throw corruptBatch('holds a 64-bit number beyond ±2^53', { position: String(position) });
        this.position = at + 1;
        return value;
      }
    }
    throw this.#badVarint(stop);
  }

  #badVarint(stop: number): Error {
    const problem = stop === this.end ? 'ends inside a varint' : 'holds a varint that does not end';
    return corruptBatch(problem, { position: String(this.position), end: String(this.end) });
  }
}
