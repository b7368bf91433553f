import { gzipSync } from 'node:zlib';
import { COMPRESSION_NAMES } from '@moldau/kernel';
import { compress } from '@moldau/records';
import { describe, expect, it } from 'vitest';
import { createNodeCompute } from './node-compute.ts';

const text = new TextEncoder().encode('the river through Prague '.repeat(4000));

describe('NodeCompute', () => {
  const compute = createNodeCompute();

  it.each(COMPRESSION_NAMES)('restores what %s compressed, small or large, here or there', async (codec) => {
    for (const bytes of [text, text.subarray(0, 100), new Uint8Array(0)]) {
      const packed = await compute.compress(codec, bytes);
      expect(Buffer.compare(await compute.decompress(codec, packed, text.length), bytes)).toBe(0);
      expect(Buffer.compare(await compute.decompress(codec, compress(codec, bytes), text.length), bytes)).toBe(0);
    }
  });

  it.each(COMPRESSION_NAMES)('stops at the limit of %s output, and not before', async (codec) => {
    const packed = await compute.compress(codec, text);
    expect((await compute.decompress(codec, packed, text.length)).length).toBe(text.length);
    await expect(compute.decompress(codec, packed, text.length - 1)).rejects.toMatchObject({ reason: 'DECOMPRESSION_LIMIT_EXCEEDED' });
    await expect(compute.decompress(codec, packed, 0)).rejects.toMatchObject({ reason: 'DECOMPRESSION_LIMIT_EXCEEDED' });
  });

  it('stops a bomb early', async () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
    expect(bomb.length).toBeGreaterThan(4096);
    await expect(compute.decompress('gzip', bomb, 1024 * 1024)).rejects.toMatchObject({ reason: 'DECOMPRESSION_LIMIT_EXCEEDED' });
  });

  it.each(['gzip', 'zstd'] as const)('calls bad %s data by its name', async (codec) => {
    const packed = Buffer.from(
      await compute.compress(
        codec,
        new Uint8Array(50_000).map((_, index) => ((index * 7919) % 251) ^ (index >> 3)),
      ),
    );
    expect(packed.length).toBeGreaterThan(4096);
    packed.fill(0xff, 0, 4);
    await expect(compute.decompress(codec, packed, 1_000_000)).rejects.toMatchObject({ reason: 'CORRUPT_BATCH' });
  });

  it('lets a bounded number of jobs wait', async () => {
    const small = createNodeCompute({ concurrency: 1, queueMax: 2 });
    const jobs = Array.from({ length: 4 }, () => small.compress('gzip', text));
    const outcomes = await Promise.allSettled(jobs);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'rejected']);
    expect((await small.compress('gzip', text)).length).toBeGreaterThan(0);
  });
});
