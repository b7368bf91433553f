import { MoldauError } from '@moldau/kernel';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteCursor } from './byte-cursor.ts';
import { varintSize, varlongSize, writeVarint, writeVarlong } from './varint.ts';

const INT32 = fc.oneof(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), fc.integer({ min: -300, max: 300 }));
const SAFE = fc.oneof(fc.maxSafeInteger(), fc.integer({ min: -(2 ** 36), max: 2 ** 36 }));
const EDGES = [0, -1, 1, 63, 64, -64, -65, 8191, 8192, 2 ** 27, 2 ** 30 - 1, 2 ** 30, -(2 ** 30), -(2 ** 30) - 1, 2 ** 31 - 1, -(2 ** 31)];
const WIDE_EDGES = [...EDGES, 2 ** 31, 2 ** 32, 2 ** 34, 2 ** 48, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER];

function zigzagBytes(value: number): Buffer {
  let rest = BigInt.asUintN(64, (BigInt(value) << 1n) ^ (BigInt(value) >> 63n));
  const bytes: number[] = [];
  do {
    const more = rest > 0x7fn;
    bytes.push(Number(rest & 0x7fn) | (more ? 0x80 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return Buffer.from(bytes);
}

function expectVarint(value: number): void {
  const target = Buffer.alloc(8);
  const end = writeVarint(target, 0, value);
  expect(target.subarray(0, end)).toEqual(zigzagBytes(value));
  expect(varintSize(value)).toBe(end);
  expect(new ByteCursor(target, 0, end).varint()).toBe(value);
}

function expectVarlong(value: number): void {
  const target = Buffer.alloc(12);
  const end = writeVarlong(target, 0, value);
  expect(target.subarray(0, end)).toEqual(zigzagBytes(value));
  expect(varlongSize(value)).toBe(end);
  const cursor = new ByteCursor(target, 0, end);
  expect(cursor.varlong()).toBe(value === 0 ? 0 : value);
  expect(cursor.position).toBe(end);
}

describe('varints', () => {
  it.each(EDGES)('encode %d as the definition says and back', expectVarint);

  it('encode any int32 as the definition says and back', () => {
    fc.assert(fc.property(INT32, expectVarint));
  });

  it.each(WIDE_EDGES)('encode %d as 64 bits and back', expectVarlong);

  it('encode any safe integer as 64 bits and back', () => {
    fc.assert(fc.property(SAFE, expectVarlong));
  });

  it.each([
    ['a cut-off varint', Buffer.from([0x80, 0x80]), 'varint'],
    ['a varint of six bytes', Buffer.alloc(6, 0x80), 'varint'],
    ['nothing', Buffer.alloc(0), 'varint'],
    ['a cut-off varlong', Buffer.from([0xff]), 'varlong'],
    ['a varlong of eleven bytes', Buffer.alloc(11, 0x80), 'varlong'],
    ['a varlong of 2⁵³', zigzagBytes(2 ** 53), 'varlong'],
    ['a varlong of −2⁶³', Buffer.from('ffffffffffffffffff01', 'hex'), 'varlong'],
  ] as const)('refuse %s', (_, bytes, kind) => {
    const read = (): number => new ByteCursor(bytes, 0, bytes.length)[kind]();
    expect(read).toThrow(expect.objectContaining({ reason: 'CORRUPT_BATCH' }));
    expect(read).toThrow(MoldauError);
  });
});
