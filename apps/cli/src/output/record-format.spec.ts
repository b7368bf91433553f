import type { ConsumedRecord } from '@moldau/client';
import { describe, expect, it } from 'vitest';
import { compileRecordFormat } from './record-format.ts';

type RawRecord = ConsumedRecord<Uint8Array | null, Uint8Array | null>;

const record = {
  topic: 'flights',
  partition: 2,
  offset: 41,
  timestampMs: 1000,
  key: Buffer.from('ATL'),
  value: Buffer.from([0xff, 0x0a]),
  headers: [['source', Buffer.from('csv')]],
} as unknown as RawRecord;

describe('compileRecordFormat', () => {
  it('puts the fields where the format names them', () => {
    expect(Buffer.from(compileRecordFormat('%t/%p@%o %T %k %h\\n')(record)).toString()).toBe('flights/2@41 1000 ATL source=csv\n');
  });

  it('writes keys and values untouched and appends nothing', () => {
    expect([...compileRecordFormat('%v')(record)]).toEqual([0xff, 0x0a]);
  });

  it('writes null for what is not there, with length -1', () => {
    const tombstone = { ...record, key: null, value: null } as unknown as RawRecord;
    expect(Buffer.from(compileRecordFormat('%k %K %v %V')(tombstone)).toString()).toBe('null -1 null -1');
  });

  it('knows a percent sign, escapes, and leaves other backslashes alone', () => {
    expect(Buffer.from(compileRecordFormat('100%%\\t\\\\\\x')(record)).toString()).toBe('100%\t\\\\x');
  });

  it('refuses an unknown field and lists the known ones', () => {
    expect(() => compileRecordFormat('%v %q')).toThrow("unknown field '%q'");
  });
});
