import { corruptBatch, decompressionLimitExceeded } from '../corrupt-batch.ts';
import { type Codec, nothingToPrepare } from './codec.ts';
import { decompressLz4Block, lz4BlockSize } from './lz4-decode-block.ts';
import { Lz4BlockEncoder, lz4BlockBound } from './lz4-encode-block.ts';
import { xxhash32 } from './xxhash32.ts';

/**
 * The LZ4 frame format (version 1 of its specification):
 *
 *   magic 04 22 4d 18, FLG, BD, [content size uint64], [dictionary id uint32], header checksum (bits 8–15 of XXH32)
 *   then blocks: size uint32 with bit 31 = stored as is, bytes, [XXH32 of them]; a size of 0 ends the frame
 *   [XXH32 of the content]
 *
 * Numbers are little-endian. Frames may follow each other. Written here: independent blocks without checksums, the kind
 * Kafka's clients read. Read here: linked blocks and all checksums too. Blocks are measured before they are decoded, so
 * the limit holds before memory is taken; the native libraries decode only whole frames, without a bound, and are slower.
 */
const MAGIC = 0x184d_2204;
const SKIPPABLE_MAGIC = 0x184d_2a50;
const VERSION = 1;
const FLAG_INDEPENDENT = 0x20;
const FLAG_BLOCK_CHECKSUM = 0x10;
const FLAG_CONTENT_SIZE = 0x08;
const FLAG_CONTENT_CHECKSUM = 0x04;
const FLAG_DICTIONARY = 0x01;
const STORED_FLAG = 0x8000_0000;
/** By the code in BD: 64 KiB, 256 KiB, 1 MiB, 4 MiB; lower codes are not defined. */
const BLOCK_BYTES_MAX: Readonly<Record<number, number>> = { 4: 0x1_0000, 5: 0x4_0000, 6: 0x10_0000, 7: 0x40_0000 };

export const lz4: Codec = {
  name: 'lz4',
  compress,
  decompress,
  prepare: nothingToPrepare,
};

/** Of the frames written: independent blocks of 64 KiB at most, as Kafka's clients write them. */
const WRITTEN_FLAGS = (VERSION << 6) | FLAG_INDEPENDENT;
const WRITTEN_DESCRIPTOR = 4 << 4;
const WRITTEN_BLOCK_BYTES = 0x1_0000;
const WRITTEN_HEADER_BYTES = 7;

function compress(bytes: Uint8Array): Uint8Array {
  const blocks = Math.ceil(bytes.length / WRITTEN_BLOCK_BYTES);
  const output = Buffer.allocUnsafe(WRITTEN_HEADER_BYTES + blocks * (4 + lz4BlockBound(WRITTEN_BLOCK_BYTES)) + 4);
  output.writeUInt32LE(MAGIC, 0);
  output[4] = WRITTEN_FLAGS;
  output[5] = WRITTEN_DESCRIPTOR;
  output[6] = xxhash32(output, 4, 6) >>> 8;
  const encoder = new Lz4BlockEncoder(bytes);
  let to = WRITTEN_HEADER_BYTES;
  for (let start = 0; start < bytes.length; start += WRITTEN_BLOCK_BYTES) {
    to = writeBlock(encoder, bytes, start, Math.min(bytes.length, start + WRITTEN_BLOCK_BYTES), output, to);
  }
  return output.subarray(0, output.writeUInt32LE(0, to));
}

/** Writes a block with its size, stored where compression does not make it smaller; returns the position after it. */
function writeBlock(encoder: Lz4BlockEncoder, bytes: Uint8Array, start: number, end: number, output: Buffer, position: number): number {
  const from = position + 4;
  const to = encoder.encode(start, end, output, from);
  if (to - from < end - start) {
    output.writeUInt32LE(to - from, position);
    return to;
  }
  output.set(bytes.subarray(start, end), from);
  output.writeUInt32LE(end - start + STORED_FLAG, position);
  return from + end - start;
}

interface Block {
  readonly start: number;
  readonly end: number;
  readonly stored: boolean;
}

interface Frame {
  readonly blocks: readonly Block[];
  readonly independent: boolean;
  readonly contentBytes: number;
  /** XXH32 of the content, where the frame has it. */
  readonly checksum: number | undefined;
  /** Position after the frame. */
  readonly end: number;
}

function decompress(bytes: Uint8Array, maxBytes: number): Uint8Array {
  const frames: Frame[] = [];
  let at = 0;
  let total = 0;
  do {
    const skipped = skippableFrameEnd(bytes, at);
    if (skipped !== undefined) {
      at = skipped;
      continue;
    }
    const frame = measureFrame(bytes, at, maxBytes - total, maxBytes);
    frames.push(frame);
    total += frame.contentBytes;
    at = frame.end;
  } while (at < bytes.length);
  const output = Buffer.allocUnsafe(total);
  let to = 0;
  for (const frame of frames) to = decodeFrame(bytes, frame, output, to);
  return output;
}

function decodeFrame(bytes: Uint8Array, frame: Frame, output: Buffer, position: number): number {
  let to = position;
  for (const { start, end, stored } of frame.blocks) {
    if (stored) {
      output.set(bytes.subarray(start, end), to);
      to += end - start;
    } else {
      to = decompressLz4Block(bytes, start, end, output, to, frame.independent ? to : position);
    }
  }
  if (frame.checksum !== undefined && xxhash32(output, position, to) !== frame.checksum) throw corrupt('fails its content checksum');
  return to;
}

/** Walks the frame at `position` without decompressing it: its blocks and the size of its content, at most `budget`. */
function measureFrame(bytes: Uint8Array, position: number, budget: number, maxBytes: number): Frame {
  const header = readFrameHeader(bytes, position);
  const blocks: Block[] = [];
  let contentBytes = 0;
  let at = header.end;
  for (;;) {
    const word = readWord(bytes, at);
    at += 4;
    if (word === 0) break;
    const stored = word >= STORED_FLAG;
    const size = stored ? word - STORED_FLAG : word;
    if (size === 0 || size > header.blockBytesMax || size > bytes.length - at) throw corrupt('has a block of impossible size');
    const block = { start: at, end: at + size, stored };
    const blockBytes = stored ? size : lz4BlockSize(bytes, block.start, block.end);
    contentBytes += blockBytes;
    if (contentBytes > budget) throw decompressionLimitExceeded('lz4', maxBytes);
    if (blockBytes > header.blockBytesMax) throw corrupt('has a block beyond its declared maximum');
    blocks.push(block);
    at += size;
    if (header.blockChecksum) {
      if (readWord(bytes, at) !== xxhash32(bytes, block.start, block.end)) throw corrupt('fails a block checksum');
      at += 4;
    }
  }
  if (header.contentBytes !== undefined && header.contentBytes !== contentBytes) throw corrupt('differs from its content size');
  const checksum = header.contentChecksum ? readWord(bytes, at) : undefined;
  return { blocks, independent: header.independent, contentBytes, checksum, end: checksum === undefined ? at : at + 4 };
}

interface FrameHeader {
  readonly independent: boolean;
  readonly blockChecksum: boolean;
  readonly contentChecksum: boolean;
  readonly contentBytes: number | undefined;
  readonly blockBytesMax: number;
  readonly end: number;
}

function readFrameHeader(bytes: Uint8Array, position: number): FrameHeader {
  if (readWord(bytes, position) !== MAGIC) throw corrupt('has no magic number');
  const flags = byteAt(bytes, position + 4);
  const descriptor = byteAt(bytes, position + 5);
  if (flags >>> 6 !== VERSION || (flags & 0x02) !== 0 || (descriptor & 0x8f) !== 0) throw corrupt('has an unknown version or flags');
  if ((flags & FLAG_DICTIONARY) !== 0) throw corrupt('needs a dictionary');
  const blockBytesMax = BLOCK_BYTES_MAX[descriptor >>> 4];
  if (blockBytesMax === undefined) throw corrupt('has an unknown block size');
  let at = position + 6;
  let contentBytes: number | undefined;
  if ((flags & FLAG_CONTENT_SIZE) !== 0) {
    contentBytes = readWord(bytes, at) + readWord(bytes, at + 4) * 0x1_0000_0000;
    at += 8;
  }
  if (byteAt(bytes, at) !== ((xxhash32(bytes, position + 4, at) >>> 8) & 0xff)) throw corrupt('fails its header checksum');
  return {
    independent: (flags & FLAG_INDEPENDENT) !== 0,
    blockChecksum: (flags & FLAG_BLOCK_CHECKSUM) !== 0,
    contentChecksum: (flags & FLAG_CONTENT_CHECKSUM) !== 0,
    contentBytes,
    blockBytesMax,
    end: at + 1,
  };
}

function skippableFrameEnd(bytes: Uint8Array, position: number): number | undefined {
  if ((readWord(bytes, position) & ~0x0f) >>> 0 !== SKIPPABLE_MAGIC) return undefined;
  const end = position + 8 + readWord(bytes, position + 4);
  if (end > bytes.length) throw corrupt('ends inside a skippable frame');
  return end;
}

function byteAt(bytes: Uint8Array, at: number): number {
  const byte = bytes[at];
  if (byte === undefined) throw corrupt('ends too early');
  return byte;
}

function readWord(bytes: Uint8Array, at: number): number {
  if (at + 4 > bytes.length) throw corrupt('ends too early');
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}

function corrupt(problem: string): Error {
  return corruptBatch(`holds bad lz4 data: a frame ${problem}`, { codec: 'lz4' });
}
