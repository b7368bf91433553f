import { describe, expect, it } from 'vitest';
import { createPayloads } from './payloads.ts';

describe('createPayloads', () => {
  it('gives values of the size asked for, also at the end of the block they are cut from', () => {
    const payload = createPayloads(100);
    for (const index of [0, 1, 33_825, 33_826, 50_000_000]) expect(payload(index)).toHaveLength(100);
  });

  it('gives the same value for the same index, and others for its neighbours', () => {
    const payload = createPayloads(64);
    expect(payload(7)).toEqual(createPayloads(64)(7));
    expect(payload(7)).not.toEqual(payload(8));
  });
});
