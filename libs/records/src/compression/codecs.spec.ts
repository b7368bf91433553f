import { constants, gzipSync, zstdCompressSync } from 'node:zlib';
import { COMPRESSION_NAMES, type CompressionName } from '@moldau/kernel';
import { compressFrameSync } from 'lz4-napi';
import { compressSync } from 'snappy';
import { describe, expect, it } from 'vitest';
import { compress, decompress, prepareCompression } from './codecs.ts';
import { createZstdWasmCodec, loadZstdWasm } from './zstd.ts';

const CODECS = COMPRESSION_NAMES.filter((name) => name !== 'none');
const text = Buffer.from(Array.from({ length: 5000 }, (_, id) => `{"id":${id},"square":${id * id}}`).join(''));
const noise = Buffer.from(Array.from({ length: 200_000 }, (_, index) => Math.imul(index, 0x9e37_79b1) >>> 17));
const samples: readonly (readonly [string, Buffer])[] = [
  ['nothing', Buffer.alloc(0)],
  ['one byte', Buffer.from('x')],
  ['text', text],
  ['noise', noise],
  ['zeros', Buffer.alloc(300_000)],
];

const exceeded: unknown = expect.objectContaining({ reason: 'DECOMPRESSION_LIMIT_EXCEEDED' });
const corrupt: unknown = expect.objectContaining({ reason: 'CORRUPT_BATCH' });

describe.each(COMPRESSION_NAMES)('%s', (codec) => {
  it.each(samples)('gives %s back, and not within one byte less', (_, sample) => {
    const packed = compress(codec, sample);
    expect(Buffer.from(decompress(codec, packed, sample.length)).equals(sample)).toBe(true);
    if (sample.length > 0) expect(() => decompress(codec, packed, sample.length - 1)).toThrow(exceeded);
  });

  it('takes any Uint8Array, also a view', () => {
    const view = new Uint8Array(text.buffer, text.byteOffset + 10, 1000);
    expect(Buffer.from(decompress(codec, new Uint8Array(compress(codec, view)), 1000))).toEqual(text.subarray(10, 1010));
  });

  it('is ready on this version of Node', async () => {
    await expect(prepareCompression(codec)).resolves.toBe(undefined);
  });
});

describe.each(CODECS)('%s, damaged,', (codec) => {
  it('is refused when cut short', () => {
    const packed = compress(codec, text);
    for (const length of [0, 1, 3, 7, 15, packed.length >> 1, packed.length - 5, packed.length - 1]) {
      expect(() => decompress(codec, packed.subarray(0, length), text.length)).toThrow(corrupt);
    }
  });

  it('is refused when it is something else', () => {
    expect(() => decompress(codec, Buffer.from('this is not compressed at all'), 1000)).toThrow(/record batch holds bad|more than/);
  });
});

describe('a decompression bomb', () => {
  const MEBIBYTE = 1024 * 1024;
  const LIMIT_BYTES = 8 * MEBIBYTE;
  const RSS_GROWTH_MAX = 48 * MEBIBYTE;
  const zeros = Buffer.alloc(4 * MEBIBYTE);
  const times = (count: number, part: Uint8Array): Buffer => Buffer.concat(Array.from({ length: count }, () => part));
  /** A frame of 1 GiB: a window of 8 MiB, 8192 blocks that each repeat one byte 128 KiB times. */
  const zstdRuns = Buffer.concat([
    Buffer.from('28b52ffd0068', 'hex'),
    ...Array.from({ length: 8192 }, (_, index) => Buffer.from([2 | (index === 8191 ? 1 : 0), 0, 0x10, 0])),
  ]);
  const bombs: readonly (readonly [string, CompressionName, Buffer])[] = [
    ['gzip, many members', 'gzip', times(256, gzipSync(zeros))],
    ['zstd that states its size', 'zstd', zstdCompressSync(zeros).fill(0xff, 6, 9)],
    ['zstd that does not', 'zstd', zstdRuns],
    ['lz4, many frames', 'lz4', times(256, compressFrameSync(zeros))],
    ['snappy, many blocks', 'snappy', snappyBlocks(4096, compressSync(Buffer.alloc(256 * 1024)))],
    ['snappy that lies', 'snappy', Buffer.from('ffffffff0f0000', 'hex')],
    ['snappy that lies within the limit', 'snappy', Buffer.from('808080020000', 'hex')],
  ];

  function snappyBlocks(count: number, block: Uint8Array): Buffer {
    const header = Buffer.from('82534e415050590000000001000000010000', 'hex').subarray(0, 16);
    const length = Buffer.alloc(4);
    length.writeInt32BE(block.length);
    return Buffer.concat([header, times(count, Buffer.concat([length, block]))]);
  }

  it.each(bombs)('of %s stops at the limit, in memory too', (_, codec, bomb) => {
    const before = process.memoryUsage.rss();
    expect(() => decompress(codec, bomb, LIMIT_BYTES)).toThrow(/would decompress to more than 8388608|record batch holds bad/);
    expect(process.memoryUsage.rss() - before).toBeLessThan(RSS_GROWTH_MAX);
  });
});

describe('joined streams', () => {
  const two: readonly (readonly [CompressionName, (bytes: Uint8Array) => Uint8Array])[] = [
    ['gzip', gzipSync],
    ['lz4', (bytes) => compress('lz4', bytes)],
    ['snappy', (bytes) => compress('snappy', bytes)],
  ];

  it.each(two)('of %s are read as one', (codec, pack) => {
    const joined = Buffer.concat([pack(text), pack(noise)]);
    const whole = Buffer.concat([text, noise]);
    expect(Buffer.from(decompress(codec, joined, whole.length)).equals(whole)).toBe(true);
    expect(() => decompress(codec, joined, whole.length - 1)).toThrow(exceeded);
  });
});

describe('snappy', () => {
  it('is also read without the framing', () => {
    expect(Buffer.from(decompress('snappy', compressSync(text), text.length)).equals(text)).toBe(true);
  });

  it.each(['00000000', '7fffffff', '80000000', '000000'])('refuses the block length 0x%s', (length) => {
    const bytes = Buffer.concat([compress('snappy', Buffer.from('abc')), Buffer.from(length, 'hex')]);
    expect(() => decompress('snappy', bytes, 1000)).toThrow(corrupt);
  });
});

describe('zstd by WebAssembly', () => {
  const wasm = createZstdWasmCodec(loadZstdWasm);
  const streamed = (bytes: Uint8Array): Buffer => zstdCompressSync(bytes, { params: { [constants.ZSTD_c_contentSizeFlag]: 0 } });

  it('has to be prepared', async () => {
    expect(() => createZstdWasmCodec(loadZstdWasm).compress(text)).toThrow('only after prepareCompression');
    await wasm.prepare();
    await wasm.prepare();
  });

  it.each(samples)('reads and writes %s as node:zlib does', async (_, sample) => {
    await wasm.prepare();
    for (const packed of [wasm.compress(sample), compress('zstd', sample), streamed(sample)]) {
      expect(Buffer.from(wasm.decompress(packed, sample.length)).equals(sample)).toBe(true);
      expect(Buffer.from(decompress('zstd', packed, sample.length)).equals(sample)).toBe(true);
    }
  });

  it('holds to its limit, with and without a stated size', async () => {
    await wasm.prepare();
    for (const packed of [wasm.compress(text), streamed(text)]) {
      expect(() => wasm.decompress(packed, text.length - 1)).toThrow(exceeded);
      expect(() => wasm.decompress(packed.subarray(0, packed.length - 9), text.length)).toThrow(corrupt);
    }
  });

  it('refuses damaged blocks', async () => {
    await wasm.prepare();
    const packed = Buffer.from(wasm.compress(text));
    packed.fill(0x55, 40, 60);
    expect(() => wasm.decompress(packed, text.length)).toThrow(corrupt);
    expect(Buffer.from(wasm.decompress(wasm.compress(text), text.length)).equals(text)).toBe(true);
  });
});
