import { corruptBatch } from '../corrupt-batch.ts';

/**
 * The LZ4 block format: sequences of a token (literal length, match length − 4: four bits each, 15 continued in bytes of
 * 255), literals, and a match (distance uint16 little-endian). The last sequence has literals only.
 */

const MATCH_BYTES_MIN = 4;
const NIBBLE_MAX = 15;
/** From here a native copy is faster than a loop. */
const COPY_NATIVE_FROM_BYTES = 48;

/** The decompressed size of the block at `[start, end)`, found without writing anything. @throws MoldauError CORRUPT_BATCH */
export function lz4BlockSize(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  let size = 0;
  while (at < end) {
    const token = bytes[at++]!;
    let literals = token >>> 4;
    if (literals === NIBBLE_MAX) {
      let more: number;
      do {
        if (at >= end) throw truncated();
        more = bytes[at++]!;
        literals += more;
      } while (more === 255);
    }
    at += literals;
    size += literals;
    if (at === end) return size;
    at += 2;
    if (at > end) throw truncated();
    let match = token & NIBBLE_MAX;
    if (match === NIBBLE_MAX) {
      let more: number;
      do {
        if (at >= end) throw truncated();
        more = bytes[at++]!;
        match += more;
      } while (more === 255);
    }
    size += match + MATCH_BYTES_MIN;
  }
  throw truncated();
}

/**
 * Decompresses the block at `[start, end)`, which `lz4BlockSize` has accepted, into `output` at `position`; there is room.
 * Matches may reach back to `windowStart`: the block's own beginning, or that of the blocks it is linked to. Returns the
 * position after it.
 *
 * @throws MoldauError CORRUPT_BATCH for a match that reaches further back
 */
export function decompressLz4Block(
  bytes: Uint8Array,
  start: number,
  end: number,
  output: Buffer,
  position: number,
  windowStart: number,
): number {
  let at = start;
  let to = position;
  while (at < end) {
    const token = bytes[at++]!;
    let literals = token >>> 4;
    if (literals === NIBBLE_MAX) {
      let more: number;
      do {
        more = bytes[at++]!;
        literals += more;
      } while (more === 255);
    }
    to = copyLiterals(bytes, at, literals, output, to);
    at += literals;
    if (at >= end) return to;
    const distance = bytes[at]! | (bytes[at + 1]! << 8);
    at += 2;
    let match = (token & NIBBLE_MAX) + MATCH_BYTES_MIN;
    if (match === NIBBLE_MAX + MATCH_BYTES_MIN) {
      let more: number;
      do {
        more = bytes[at++]!;
        match += more;
      } while (more === 255);
    }
    if (distance === 0 || to - distance < windowStart)
      throw corruptBatch('holds bad lz4 data: a match before the window', { codec: 'lz4' });
    to = copyMatch(output, to, distance, match);
  }
  return to;
}

function copyLiterals(bytes: Uint8Array, from: number, length: number, output: Buffer, to: number): number {
  if (length >= COPY_NATIVE_FROM_BYTES) {
    output.set(bytes.subarray(from, from + length), to);
  } else {
    for (let index = 0; index < length; index++) output[to + index] = bytes[from + index]!;
  }
  return to + length;
}

/** A match may overlap what it makes: then its bytes repeat, and each native copy may take twice as many as the last. */
function copyMatch(output: Buffer, to: number, distance: number, length: number): number {
  const end = to + length;
  if (length < COPY_NATIVE_FROM_BYTES) {
    for (let at = to; at < end; at++) output[at] = output[at - distance]!;
    return end;
  }
  const from = to - distance;
  let at = to;
  while (at < end) {
    const chunk = Math.min(at - from, end - at);
    output.copyWithin(at, from, from + chunk);
    at += chunk;
  }
  return end;
}

function truncated(): Error {
  return corruptBatch('holds bad lz4 data: a block ends inside a sequence', { codec: 'lz4' });
}
