import { describe, expect, it } from 'vitest';
import { ReadBuffers } from './read-buffers.ts';

const KIB = 1024;

describe('ReadBuffers', () => {
  it('gives memory that came back to the next read it fits', () => {
    const buffers = new ReadBuffers();
    const first = buffers.take(100 * KIB);
    expect(first.length).toBe(128 * KIB);
    buffers.give(first);
    expect(buffers.take(120 * KIB)).toBe(first);
  });

  it('never gives the same memory to two reads', () => {
    const buffers = new ReadBuffers();
    buffers.give(buffers.take(64 * KIB));
    expect(buffers.take(64 * KIB)).not.toBe(buffers.take(64 * KIB));
  });

  it('does not give a large buffer to a small read', () => {
    const buffers = new ReadBuffers();
    const large = buffers.take(1024 * KIB);
    buffers.give(large);
    expect(buffers.take(10 * KIB)).not.toBe(large);
    expect(buffers.take(1024 * KIB)).toBe(large);
  });

  it('keeps no more than 8 MiB', () => {
    const buffers = new ReadBuffers();
    const all = Array.from({ length: 20 }, () => buffers.take(1024 * KIB));
    for (const buffer of all) buffers.give(buffer);
    const again = Array.from({ length: 20 }, () => buffers.take(1024 * KIB));
    expect(again.filter((buffer) => all.includes(buffer))).toHaveLength(8);
  });
});
