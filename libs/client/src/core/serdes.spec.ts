import { describe, expect, it } from 'vitest';
import { serdes } from './serdes.ts';

describe('the formats that come with the SDK', () => {
  it('read what they wrote', () => {
    expect(serdes.string.deserialize(serdes.string.serialize('žluťoučký', 't'), 't')).toBe('žluťoučký');
    expect(serdes.int64.deserialize(serdes.int64.serialize(-(2n ** 63n), 't'), 't')).toBe(-(2n ** 63n));
    expect(serdes.double.deserialize(serdes.double.serialize(0.1, 't'), 't')).toBe(0.1);
    const json = serdes.json<{ readonly a: readonly number[] }>();
    expect(json.deserialize(json.serialize({ a: [1, 2] }, 't'), 't')).toEqual({ a: [1, 2] });
    expect(serdes.int64.serialize(1n, 't')).toEqual(Buffer.from([0, 0, 0, 0, 0, 0, 0, 1]));
  });

  it('refuse what has no such form', () => {
    expect(() => serdes.bytes.serialize('text' as unknown as Uint8Array, 't')).toThrow(/Uint8Array/);
    expect(() => serdes.string.serialize(1 as unknown as string, 't')).toThrow(/string/);
    expect(() => serdes.int64.deserialize(new Uint8Array(3), 't')).toThrow(/8 bytes/);
    expect(() => serdes.json<unknown>().serialize(undefined, 't')).toThrow(/JSON/);
  });
});
