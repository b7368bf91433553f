import { compilePattern } from '@moldau/connect';
import { describe, expect, it } from 'vitest';
import { type CutOptions, cutLines } from './cut-lines.ts';
import { cutMultiLine } from './cut-multi-line.ts';

const options: CutOptions = { recordsMax: 100, bytesMax: 10_000, lineBytesMax: 100, asBytes: false, last: false };

function cut(text: string, given: Partial<CutOptions> = {}): readonly [lines: readonly unknown[], consumed: number] {
  const { lines, consumed } = cutLines(Buffer.from(text), { ...options, ...given });
  return [lines, consumed];
}

describe('cutting lines', () => {
  it('takes whole lines without their ends and leaves what has no end', () => {
    expect(cut('one\ntwo\r\n\nthr')).toEqual([['one', 'two', ''], 10]);
  });

  it('takes what has no end when nothing follows', () => {
    expect(cut('one\ntwo', { last: true })).toEqual([['one', 'two'], 7]);
  });

  it('stops at the most records, and when enough bytes are taken', () => {
    expect(cut('a\nb\nc\n', { recordsMax: 2 })).toEqual([['a', 'b'], 4]);
    expect(cut('aaaa\nbbbb\nc\n', { bytesMax: 4 })).toEqual([['aaaa'], 5]);
  });

  it('cuts a line that is too long, and no character of it', () => {
    expect(cut('abcdefgh\n', { lineBytesMax: 3 })).toEqual([['abc', 'def', 'gh'], 9]);
    expect(cut('abc\r\nd\n', { lineBytesMax: 3 })).toEqual([['abc', 'd'], 7]);
    expect(cut('aüüü\n', { lineBytesMax: 4 })).toEqual([['aü', 'üü'], 8]);
    expect(cut('abcdef', { lineBytesMax: 3 })).toEqual([['abc'], 3]);
  });

  it('gives views of the buffer where bytes are wanted', () => {
    const buffer = Buffer.from([0xff, 0x0a, 0x00, 0x0a]);
    const { lines } = cutLines(buffer, { ...options, asBytes: true });
    expect(lines).toEqual([new Uint8Array([0xff]), new Uint8Array([0])]);
  });
});

describe('cutting records of several lines', () => {
  const trace = 'INFO a\nERROR b\n  at x\n  at y\nINFO c\n';

  function multi(text: string, match: 'start' | 'continuation', given: Partial<CutOptions> = {}): readonly [readonly unknown[], number] {
    const pattern = compilePattern(match === 'start' ? '^[A-Z]+ ' : '^\\s');
    const { lines, consumed } = cutMultiLine(Buffer.from(text), { pattern, match }, { ...options, ...given });
    return [lines, consumed];
  }

  it.each(['start', 'continuation'] as const)('puts the lines together that belong together, by what is a %s', (match) => {
    expect(multi(trace, match)).toEqual([['INFO a', 'ERROR b\n  at x\n  at y'], 29]);
    expect(multi(trace, match, { last: true })).toEqual([['INFO a', 'ERROR b\n  at x\n  at y', 'INFO c'], 36]);
  });

  it('does not take a line without its end', () => {
    expect(multi('INFO a\nINFO b\nINF', 'start', { last: true })).toEqual([['INFO a', 'INFO b'], 14]);
  });

  it('cuts a record that has grown too long', () => {
    const [lines, consumed] = multi(`INFO a\n${'  x\n'.repeat(10)}`, 'start', { lineBytesMax: 20 });
    expect(lines).toEqual([`INFO a\n${'  x\n'.repeat(3)} `, ` x\n${'  x\n'.repeat(4)} `]);
    expect(consumed).toBe(40);
  });

  it('stops at the most records', () => {
    expect(multi(trace, 'start', { recordsMax: 1, last: true })).toEqual([['INFO a'], 7]);
  });
});
