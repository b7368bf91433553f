import { compressFrameSync, decompressFrameSync } from 'lz4-napi';
import { describe, expect, it } from 'vitest';
import { decompress } from './codecs.ts';
import { xxhash32 } from './xxhash32.ts';

const text = Buffer.from('to be or not to be, that is the question. '.repeat(5000));
const corrupt: unknown = expect.objectContaining({ reason: 'CORRUPT_BATCH' });
const MAGIC = '04224d18';
const END = '00000000';
const INDEPENDENT = 0x60;
const LINKED = 0x40;
/** Literals "abcdefgh". */
const LITERALS = '806162636465666768';

const word = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes;
};

/** A frame of these blocks with 64 KiB as their maximum; `more` goes between the flags and the header's checksum. */
function frame(flags: number, blocks: readonly string[], tail = '', more = ''): Buffer {
  const descriptor = Buffer.concat([Buffer.from([flags, 0x40]), Buffer.from(more, 'hex')]);
  const checksum = (xxhash32(descriptor, 0, descriptor.length) >>> 8) & 0xff;
  const sized = blocks.flatMap((block) => [word(block.length / 2), Buffer.from(block, 'hex')]);
  return Buffer.concat([Buffer.from(MAGIC, 'hex'), descriptor, Buffer.from([checksum]), ...sized, Buffer.from(END + tail, 'hex')]);
}

const read = (bytes: Uint8Array, maxBytes = 1000): string => Buffer.from(decompress('lz4', bytes, maxBytes)).toString();

describe('xxhash32', () => {
  it.each([
    ['', 0x02cc_5d05],
    ['a', 0x550d_7456],
    ['abc', 0x32d1_53ff],
    ['Nobody inspects the spammish repetition', 0xe229_3b2f],
  ])('of "%s" is as published', (input, hash) => {
    const bytes = Buffer.from(`__${input}__`);
    expect(xxhash32(bytes, 2, bytes.length - 2)).toBe(hash);
  });
});

describe('lz4 frames', () => {
  it.each([{ contentChecksum: true }, { blockChecksums: true }, { contentChecksum: true, blockChecksums: true }])(
    'with %j are read and verified',
    (options) => {
      const packed = compressFrameSync(text, options);
      expect(Buffer.from(decompress('lz4', packed, text.length)).equals(text)).toBe(true);
      const damaged = Buffer.from(packed);
      damaged[damaged.length - 6]! ^= 1;
      expect(() => decompress('lz4', damaged, text.length)).toThrow(corrupt);
    },
  );

  it('with linked blocks are read: matches reach into the blocks before', () => {
    // No literals, then a match of 4 + 2 bytes at distance 8, then the last literals "z".
    const linked = frame(LINKED, [LITERALS, '020800107a']);
    expect(read(linked)).toBe('abcdefghabcdefz');
    expect(decompressFrameSync(linked).toString()).toBe('abcdefghabcdefz');
    expect(() => read(frame(INDEPENDENT, [LITERALS, '020800107a']))).toThrow(corrupt);
  });

  it('never let a match reach into the frame before', () => {
    expect(() => read(Buffer.concat([frame(LINKED, [LITERALS]), frame(LINKED, ['020800107a'])]))).toThrow(corrupt);
  });

  it('repeat short periods, also over long matches', () => {
    // "ab", then a match of 4 + 15 + 255 + 26 = 300 bytes at distance 2, then "c".
    expect(read(frame(INDEPENDENT, ['2f61620200ff1a1063']))).toBe(`${'ab'.repeat(151)}c`);
    expect(read(frame(INDEPENDENT, ['1f610100ff1a1063']))).toBe(`${'a'.repeat(301)}c`);
  });

  it('hold to the limit before decompressing', () => {
    const bytes = frame(INDEPENDENT, ['1f610100ff1a1063']);
    expect(read(bytes, 302).length).toBe(302);
    expect(() => read(bytes, 301)).toThrow(
      expect.objectContaining({ reason: 'DECOMPRESSION_LIMIT_EXCEEDED', facts: { codec: 'lz4', limit: '301' } }),
    );
  });

  it('may state their size, be stored, and stand between skippable frames', () => {
    const skippable = Buffer.concat([word(0x184d_2a53), word(3), Buffer.from('xyz')]);
    const stored = frame(INDEPENDENT | 0x08, [], '', '0300000000000000');
    const whole = Buffer.concat([stored.subarray(0, stored.length - 4), word(0x8000_0003), Buffer.from('abc'), word(0)]);
    expect(read(Buffer.concat([skippable, whole, skippable, whole]))).toBe('abcabc');
  });

  it.each([
    ['a wrong header checksum', Buffer.from('04224d18604000', 'hex')],
    ['an unknown version', frame(0x80, [LITERALS])],
    ['a reserved flag', frame(0x62, [LITERALS])],
    ['a dictionary', frame(0x61, [LITERALS], '', '00000000')],
    ["a size that is not its content's", frame(INDEPENDENT | 0x08, [LITERALS], '', '0900000000000000')],
    ['a size of 2⁶⁴−1', frame(INDEPENDENT | 0x08, [LITERALS], '', 'ffffffffffffffff')],
    ['a match at distance 0', frame(INDEPENDENT, ['10610000107a'])],
    ['a match before the beginning', frame(INDEPENDENT, ['10610200107a'])],
    ['a block that ends in a match', frame(INDEPENDENT, ['10610100'])],
    ['a block that ends in a distance', frame(INDEPENDENT, ['106101'])],
    ['literals beyond the block', frame(INDEPENDENT, ['f061'])],
    ['a literal length that does not end', frame(INDEPENDENT, ['f0ff'])],
    ['a match length that does not end', frame(INDEPENDENT, ['1f610100ffff'])],
    ['a block beyond 64 KiB', frame(INDEPENDENT, [`1f610100${'ff'.repeat(300)}001063`])],
    ['a skippable frame cut off', Buffer.concat([word(0x184d_2a50), word(9), Buffer.from('xyz')])],
    ['no end', frame(INDEPENDENT, [LITERALS]).subarray(0, -4)],
  ])('are refused with %s', (_, bytes) => {
    expect(() => read(bytes, 1 << 20)).toThrow(corrupt);
  });
});
