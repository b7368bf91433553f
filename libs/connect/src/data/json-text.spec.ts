import { describe, expect, it } from 'vitest';
import { jsonText } from './json-text.ts';

describe('jsonText', () => {
  it('writes plain values as JSON has them', () => {
    expect(jsonText({ value: { a: 1, b: ['x', null, true] } })).toBe('{"a":1,"b":["x",null,true]}');
    expect(jsonText({ value: undefined })).toBe('null');
  });

  it('keeps every digit of a large whole number', () => {
    expect(jsonText({ value: { id: 9_007_199_254_740_993n } })).toBe('{"id":9007199254740993}');
  });

  it('writes bytes in base64, whichever kind of array they are in', () => {
    expect(jsonText({ value: { a: new Uint8Array([1, 2, 255]), b: Buffer.from([1, 2, 255]) } })).toBe('{"a":"AQL/","b":"AQL/"}');
  });

  it('writes maps as objects', () => {
    expect(
      jsonText({
        value: new Map<string | number, number>([
          ['a', 1],
          [2, 3],
        ]),
      }),
    ).toBe('{"2":3,"a":1}');
  });
});
