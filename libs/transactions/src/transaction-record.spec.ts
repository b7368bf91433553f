import { describe, expect, it } from 'vitest';
import { NAME } from './testing/shard-rig.ts';
import { decodeTransactionRecord, encodeTransactionRecord } from './transaction-record.ts';

const newer: unknown = expect.objectContaining({ reason: 'UNSUPPORTED_FORMAT' });

describe('a record of __transactions', () => {
  it('without a value says that the transactional id is forgotten', () => {
    const record = { kind: 'tombstone', name: NAME } as const;
    const encoded = encodeTransactionRecord(record);
    expect(encoded.value).toBeUndefined();
    expect(decodeTransactionRecord(encoded)).toEqual(record);
  });

  it('of a kind or a state that only a newer version knows is refused', () => {
    const { key } = encodeTransactionRecord({ kind: 'tombstone', name: NAME });
    // Field 9 of the key, an empty message; state 99.
    expect(() => decodeTransactionRecord({ key: new Uint8Array([0x4a, 0]), value: undefined })).toThrow(newer);
    expect(() => decodeTransactionRecord({ key, value: new Uint8Array([0x08, 99, 0x12, 0]) })).toThrow(newer);
  });
});
