import { describe, expect, it } from 'vitest';
import { KeyMap } from './key-map.ts';

const key = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('the map of keys', () => {
  it('knows the last offset of each of many keys, the empty one too', () => {
    const map = new KeyMap(1 << 24);
    for (let round = 0; round < 2; round++)
      for (let index = 0; index < 20_000; index++) map.put(key(`key ${index}`), round * 100_000 + index);
    expect(map.put(key(''), 7)).toBe(true);
    expect(map.size).toBe(20_001);
    for (let index = 0; index < 20_000; index += 7) expect(map.get(key(`key ${index}`))).toBe(100_000 + index);
    expect([map.get(key('')), map.get(key('key')), map.get(key('key 20000'))]).toEqual([7, -1, -1]);
  });

  it('takes no key beyond its memory, and goes on with those it has', () => {
    const map = new KeyMap(512 * 1024);
    let taken = 0;
    while (map.put(key(`key ${taken}`), taken)) taken += 1;
    expect(taken).toBeGreaterThan(5000);
    expect(map.bytes).toBeLessThanOrEqual(512 * 1024);
    expect(map.put(key('key 17'), 1_000_000)).toBe(true);
    expect([map.get(key('key 17')), map.get(key('key 18')), map.get(key(`key ${taken}`))]).toEqual([1_000_000, 18, -1]);
  });

  it('takes a key larger than its chunks, and refuses one larger than its memory', () => {
    const map = new KeyMap(1 << 20);
    expect(map.put(new Uint8Array(200_000).fill(1), 1)).toBe(true);
    expect(map.put(key('small'), 2)).toBe(true);
    expect(map.put(new Uint8Array(1 << 20), 3)).toBe(false);
    expect([map.get(new Uint8Array(200_000).fill(1)), map.get(key('small'))]).toEqual([1, 2]);
  });
});
