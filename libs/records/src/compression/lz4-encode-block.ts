/**
 * LZ4 block compression, the greedy kind: a table finds the last place with the same four bytes by their hash. The format
 * is described in `lz4-decode-block.ts`; its ends have rules of their own: the last five bytes are literals, and no match
 * begins within the last twelve.
 */

/** Entries of the table as a power of two: 32 KiB of memory, which the first-level cache holds. */
const HASH_BITS = 13;
const HASH_MULTIPLIER = 0x9e37_79b1 | 0;
const MATCH_BYTES_MIN = 4;
const LAST_LITERALS_BYTES = 5;
const MATCH_START_BYTES = 12;
const NIBBLE_MAX = 15;
/** After each 64 misses in a row the steps grow by one byte: incompressible data is passed over quickly. */
const SKIP_SHIFT = 6;
/** From here a native copy is faster than a loop. */
const COPY_NATIVE_FROM_BYTES = 48;

/** The largest size a block of `size` bytes can take. */
export function lz4BlockBound(size: number): number {
  return size + Math.ceil(size / 255) + 16;
}

/** Compresses blocks of one input; a block's matches never leave it. */
export class Lz4BlockEncoder {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  /** By hash: the last position with it, plus one. Positions rise from block to block, so older ones show themselves. */
  readonly #positions = new Int32Array(1 << HASH_BITS);

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /**
   * Compresses `[start, end)`, at most 64 KiB, to `output` at `position`, where there is room for `lz4BlockBound`; returns
   * the position after it.
   */
  encode(start: number, end: number, output: Buffer, position: number): number {
    const view = this.#view;
    const positions = this.#positions;
    const lastStart = end - MATCH_START_BYTES;
    let to = position;
    let anchor = start;
    let at = start;
    let misses = 1 << SKIP_SHIFT;
    while (at <= lastStart) {
      const word = view.getInt32(at, true);
      const hash = Math.imul(word, HASH_MULTIPLIER) >>> (32 - HASH_BITS);
      const candidate = positions[hash]! - 1;
      positions[hash] = at + 1;
      if (candidate < start || view.getInt32(candidate, true) !== word) {
        at += misses++ >>> SKIP_SHIFT;
        continue;
      }
      const matchEnd = this.#matchEnd(at + MATCH_BYTES_MIN, candidate + MATCH_BYTES_MIN, end - LAST_LITERALS_BYTES);
      const back = this.#matchesBefore(at, candidate, Math.min(at - anchor, candidate - start));
      to = writeSequence(this.#bytes, anchor, at - back, output, to, at - candidate, matchEnd - at + back);
      anchor = matchEnd;
      at = matchEnd;
      misses = 1 << SKIP_SHIFT;
    }
    return writeLiterals(this.#bytes, anchor, end, output, to, 0);
  }

  /** Where the match that holds up to `at` ends, `limit` at most. */
  #matchEnd(from: number, candidate: number, limit: number): number {
    const view = this.#view;
    const distance = from - candidate;
    let at = from;
    while (at + 4 <= limit && view.getInt32(at, true) === view.getInt32(at - distance, true)) at += 4;
    while (at < limit && this.#bytes[at] === this.#bytes[at - distance]) at += 1;
    return at;
  }

  /** How many bytes before `at` and `candidate` are equal too, `limit` at most. */
  #matchesBefore(at: number, candidate: number, limit: number): number {
    const bytes = this.#bytes;
    let back = 0;
    while (back < limit && bytes[at - back - 1] === bytes[candidate - back - 1]) back += 1;
    return back;
  }
}

function writeSequence(
  bytes: Uint8Array,
  from: number,
  end: number,
  output: Buffer,
  position: number,
  distance: number,
  match: number,
): number {
  const extra = match - MATCH_BYTES_MIN;
  let to = writeLiterals(bytes, from, end, output, position, Math.min(extra, NIBBLE_MAX));
  output[to] = distance;
  output[to + 1] = distance >>> 8;
  to += 2;
  return extra >= NIBBLE_MAX ? writeLength(output, to, extra - NIBBLE_MAX) : to;
}

/** Writes the token, with `matchNibble` as its low half, and the literals `[from, end)`. */
function writeLiterals(bytes: Uint8Array, from: number, end: number, output: Buffer, position: number, matchNibble: number): number {
  const length = end - from;
  output[position] = (Math.min(length, NIBBLE_MAX) << 4) | matchNibble;
  let to = position + 1;
  if (length >= NIBBLE_MAX) to = writeLength(output, to, length - NIBBLE_MAX);
  if (length >= COPY_NATIVE_FROM_BYTES) {
    output.set(bytes.subarray(from, end), to);
  } else {
    for (let index = 0; index < length; index++) output[to + index] = bytes[from + index]!;
  }
  return to + length;
}

/** What a nibble could not hold: as many 255s as fit, and the rest. */
function writeLength(output: Buffer, position: number, length: number): number {
  let to = position;
  let rest = length;
  while (rest >= 255) {
    output[to++] = 255;
    rest -= 255;
  }
  output[to++] = rest;
  return to;
}
