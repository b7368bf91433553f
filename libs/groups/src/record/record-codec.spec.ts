import { describe, expect, it } from 'vitest';
import { reasonOf } from '../testing/shard-fixture.ts';
import { decodeRecord } from './record-codec.ts';

describe('a record of __groups', () => {
  it('of a type that a newer version wrote is an error that names it', () => {
    // Field 99, length-delimited, empty.
    const key = new Uint8Array([0x9a, 0x06, 0x00]);
    expect(reasonOf(() => decodeRecord({ key, value: undefined }))).toBe('UNSUPPORTED_RECORD');
    expect(() => decodeRecord({ key, value: undefined })).toThrow('type 99');
  });
});
