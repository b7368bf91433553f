import { describe, expect, it } from 'vitest';
import { InOrder } from './in-order.ts';

describe('items in order', () => {
  it('wait for those before them, and are handed on once', () => {
    const taken: string[] = [];
    const items = new InOrder<string>(3, (item) => taken.push(item));
    items.put(4, 'four');
    items.put(6, 'six');
    expect(taken).toEqual([]);
    items.put(3, 'three');
    expect(taken).toEqual(['three', 'four']);
    items.put(5, 'five');
    expect(taken).toEqual(['three', 'four', 'five', 'six']);
  });
});
