import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRfc3164, unknownMessage } from './parse-rfc3164.ts';
import { parseRfc5424 } from './parse-rfc5424.ts';

const nowMs = Date.UTC(2026, 0, 2);

describe('RFC 5424', () => {
  it("reads the document's first example", () => {
    const text = "<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - \uFEFF'su root' failed for lonvick on /dev/pts/8";
    expect(parseRfc5424(text)).toEqual({
      format: 'rfc5424',
      facility: 4,
      severity: 2,
      timestampMs: Date.UTC(2003, 9, 11, 22, 14, 15, 3),
      hostname: 'mymachine.example.com',
      appName: 'su',
      procId: undefined,
      msgId: 'ID47',
      structuredData: undefined,
      message: "'su root' failed for lonvick on /dev/pts/8",
    });
  });

  it('reads a time with microseconds and an offset', () => {
    const parsed = parseRfc5424("<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - %% It's time to make the do-nuts.");
    expect(parsed).toMatchObject({
      timestampMs: Date.UTC(2003, 7, 24, 12, 14, 15),
      procId: '8710',
      message: "%% It's time to make the do-nuts.",
    });
  });

  it('reads structured data, with what is escaped in it', () => {
    const text = '<165>1 - - - - - [ex@32473 iut="3" src="a\\"b\\]c\\\\d\\n"][prio@32473 class="high"] rest';
    expect(parseRfc5424(text)).toMatchObject({
      timestampMs: undefined,
      hostname: undefined,
      message: 'rest',
      structuredData: new Map([
        [
          'ex@32473',
          new Map([
            ['iut', '3'],
            ['src', 'a"b]c\\d\\n'],
          ]),
        ],
        ['prio@32473', new Map([['class', 'high']])],
      ]),
    });
    expect(parseRfc5424('<165>1 - - - - - [empty]')).toMatchObject({ message: '', structuredData: new Map([['empty', new Map()]]) });
  });

  it.each([
    '<192>1 - - - - - -',
    '<34> 1 - - - - - -',
    '<34>1 2003-13-11T22:14:15.003Z - - - - -',
    '<34>1 - - - - - [a b="c]',
    '<34>1 - - - - - [a b="c"x]',
    '<34>1 - - - - - ',
    '<34>1 - - - - - -rest',
    'Use the BFG!',
    '',
  ])('is not %j', (text) => {
    expect(parseRfc5424(text)).toBeUndefined();
  });

  it('brings back what was escaped, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (value, message) => {
        const text = `<0>1 - - - - - [id p="${value.replaceAll(/["\\\]]/g, '\\$&')}"] ${message}`;
        const parsed = parseRfc5424(text);
        expect(parsed?.structuredData?.get('id')?.get('p')).toBe(value);
        expect(parsed?.message).toBe(message.replace(/^\uFEFF/, ''));
      }),
    );
  });
});

describe('RFC 3164', () => {
  it("reads the document's example, in the year closest to now", () => {
    const parsed = parseRfc3164("<34>Oct 11 22:14:15 mymachine su[12]: 'su root' failed", { nowMs, zoneMinutes: 60 });
    expect(parsed).toMatchObject({
      format: 'rfc3164',
      facility: 4,
      severity: 2,
      timestampMs: Date.UTC(2025, 9, 11, 21, 14, 15),
      hostname: 'mymachine',
      appName: 'su',
      procId: '12',
      message: "'su root' failed",
    });
  });

  it('takes a day of one digit, and a message without a tag', () => {
    const parsed = parseRfc3164('<13>Jan  3 00:00:00 10.0.0.1 no tag here', { nowMs, zoneMinutes: 0 });
    expect(parsed).toMatchObject({ timestampMs: Date.UTC(2026, 0, 3), appName: undefined, message: 'no tag here' });
  });

  it.each(['<13>Foo  3 00:00:00 h m', '<13>Jan  3 25:00:00 h m', '<999>Jan  3 00:00:00 h m', 'Jan  3 00:00:00 h m'])(
    'is not %j',
    (text) => {
      expect(parseRfc3164(text, { nowMs, zoneMinutes: 0 })).toBeUndefined();
    },
  );
});

describe('anything else', () => {
  it('is kept whole, behind its priority if it has one', () => {
    expect(unknownMessage('Use the BFG!')).toMatchObject({ format: 'none', facility: 1, severity: 5, message: 'Use the BFG!' });
    expect(unknownMessage('<3>x')).toMatchObject({ facility: 0, severity: 3, message: 'x' });
    expect(unknownMessage('<300>x')).toMatchObject({ severity: 5, message: '<300>x' });
  });
});
