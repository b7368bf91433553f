import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameReader, type Framing } from './frame-reader.ts';

/** The messages of a stream that comes in parts of these sizes, over and over. */
function read(stream: string | Buffer, framing: Framing, sizes: readonly number[] = [1_000_000], bytesMax = 100): readonly string[] {
  const reader = new FrameReader(framing, bytesMax);
  const bytes = Buffer.from(stream);
  const frames = [];
  let at = 0;
  for (let turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    frames.push(...reader.push(bytes.subarray(at, at + size)));
    at += size;
  }
  return [...frames, ...reader.end()].map(({ bytes: frame, truncated }) => frame.toString() + (truncated ? '…' : ''));
}

describe('a stream of messages', () => {
  it.each<[Framing, string, readonly string[]]>([
    ['newline', '<1>a\r\n<1>b\n\n<1>c', ['<1>a', '<1>b', '<1>c']],
    ['octet-counting', '4 <1>a6 <1>b\nc', ['<1>a', '<1>b\nc']],
    ['auto', '4 <1>a<1>b\n5 <1>cd12 monkeys\n', ['<1>a', '<1>b', '<1>cd', '12 monkeys']],
    ['auto', '12', ['12']],
    ['newline', `${'x'.repeat(150)}\n<1>b\n`, [`${'x'.repeat(100)}…`, '<1>b']],
    ['octet-counting', `150 <1>${'x'.repeat(147)}4 <1>b`, [`<1>${'x'.repeat(97)}…`, '<1>b']],
  ])('framed by %s: %j', (framing, stream, messages) => {
    expect(read(stream, framing)).toEqual(messages);
    expect(read(stream, framing, [1])).toEqual(messages);
  });

  it('is the same however it is cut on the way', () => {
    const message = fc.string({ unit: fc.constantFrom('a', '1', ' ', '<', 'é'), maxLength: 120 }).map((text) => `<1>${text}`);
    const framed = fc
      .tuple(message, fc.boolean())
      .map(([text, counted]) => ({ text, wire: counted ? `${Buffer.byteLength(text)} ${text}` : `${text}\n` }));
    fc.assert(
      fc.property(fc.array(framed, { maxLength: 10 }), fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }), (messages, sizes) => {
        const stream = messages.map(({ wire }) => wire).join('');
        expect(read(stream, 'auto', sizes, 300)).toEqual(messages.map(({ text }) => text));
        expect(read(stream, 'auto', sizes, 20)).toEqual(read(stream, 'auto', [1_000_000], 20));
      }),
    );
  });
});
