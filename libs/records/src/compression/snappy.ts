import { compressSync, uncompressSync } from 'snappy';
import { corruptBatch, decompressionLimitExceeded } from '../corrupt-batch.ts';
import { readInt32, writeInt32 } from '../integers.ts';
import { type Codec, nothingToPrepare } from './codec.ts';

/**
 * Snappy in the framing of snappy-java's SnappyOutputStream, as Kafka uses it:
 *
 *   0x82 "SNAPPY" 0x00, version int32 = 1, lowest compatible version int32 = 1
 *   then per block: length int32, that many bytes of raw snappy (at most 32 KiB before compression)
 *
 * A header may come again between blocks (joined streams). Bytes without the header are one raw snappy block, as
 * some clients write. Raw snappy begins with its decompressed length as an unsigned varint.
 */
const MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const VERSION = 1;
const HEADER_BYTES = 16;
const BLOCK_BYTES = 32 * 1024;
/** No element of raw snappy yields more than 64 bytes from three, so a longer claim is a lie. */
const RATIO_MAX = 22;
/** Copies into JavaScript's memory: four times as fast as wrapping the native buffer. */
const COPY = { copyOutputData: true, asBuffer: true } as const;

export const snappy: Codec = {
  name: 'snappy',
  compress,
  decompress,
  prepare: nothingToPrepare,
};

function compress(bytes: Uint8Array): Uint8Array {
  const blocks: Buffer[] = [];
  let size = HEADER_BYTES;
  for (let start = 0; start < bytes.length; start += BLOCK_BYTES) {
    const block = compressSync(bytes.subarray(start, start + BLOCK_BYTES), COPY);
    blocks.push(block);
    size += 4 + block.length;
  }
  const output = Buffer.allocUnsafe(size);
  output.set(MAGIC);
  writeInt32(output, 8, VERSION);
  writeInt32(output, 12, VERSION);
  let at = HEADER_BYTES;
  for (const block of blocks) {
    writeInt32(output, at, block.length);
    output.set(block, at + 4);
    at += 4 + block.length;
  }
  return output;
}

interface Block {
  readonly bytes: Uint8Array;
  readonly decompressedBytes: number;
}

function decompress(bytes: Uint8Array, maxBytes: number): Uint8Array {
  const blocks: Block[] = [];
  let total = 0;
  for (const block of rawBlocks(bytes)) {
    const decompressedBytes = declaredLength(block);
    total += decompressedBytes;
    if (total > maxBytes) throw decompressionLimitExceeded('snappy', maxBytes);
    if (decompressedBytes > block.length * RATIO_MAX) throw corrupt('declares more than its bytes can hold', decompressedBytes);
    blocks.push({ bytes: block, decompressedBytes });
  }
  const only = blocks.length === 1 ? blocks[0] : undefined;
  if (only !== undefined) return decompressBlock(only);
  const output = Buffer.allocUnsafe(total);
  let at = 0;
  for (const block of blocks) {
    output.set(decompressBlock(block), at);
    at += block.decompressedBytes;
  }
  return output;
}

function decompressBlock(block: Block): Uint8Array {
  const output = uncompress(block.bytes);
  if (output.length !== block.decompressedBytes) throw corrupt('decompresses to another length than declared', output.length);
  return output;
}

function uncompress(block: Uint8Array): Uint8Array {
  let output: string | Buffer;
  try {
    output = uncompressSync(block, COPY);
  } catch (caught) {
    throw corruptBatch('holds bad snappy data', { codec: 'snappy' }, caught);
  }
  return typeof output === 'string' ? Buffer.from(output) : output;
}

function* rawBlocks(bytes: Uint8Array): Generator<Uint8Array, void, undefined> {
  if (!hasHeader(bytes, 0)) {
    yield bytes;
    return;
  }
  let at = 0;
  while (at < bytes.length) {
    if (hasHeader(bytes, at)) {
      at += HEADER_BYTES;
      continue;
    }
    if (bytes.length - at < 4) throw corrupt('ends inside a block length', bytes.length - at);
    const length = readInt32(bytes, at);
    at += 4;
    if (length < 1 || length > bytes.length - at) throw corrupt('has an impossible block length', length);
    yield bytes.subarray(at, at + length);
    at += length;
  }
}

function hasHeader(bytes: Uint8Array, position: number): boolean {
  if (bytes.length - position < HEADER_BYTES) return false;
  for (let index = 0; index < MAGIC.length; index++) {
    if (bytes[position + index] !== MAGIC[index]) return false;
  }
  return true;
}

/** The unsigned varint that raw snappy begins with: at most 32 bits in five bytes. */
function declaredLength(block: Uint8Array): number {
  let length = 0;
  for (let index = 0; index < Math.min(5, block.length); index++) {
    const byte = block[index]!;
    length += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) return length;
  }
  throw corrupt('has no length', block.length);
}

function corrupt(problem: string, value: number): Error {
  return corruptBatch(`holds bad snappy data: a block ${problem}`, { codec: 'snappy', value: String(value) });
}
