import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitLines } from './lines.ts';

async function* chunksOf(bytes: Uint8Array, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  let from = 0;
  for (const cut of [...cuts].sort((a, b) => a - b).concat(bytes.length)) {
    const to = Math.min(cut, bytes.length);
    if (to > from) yield bytes.subarray(from, to);
    from = Math.max(from, to);
  }
}

async function linesOf(bytes: Uint8Array, cuts: readonly number[], maxBytes = 1000): Promise<string[]> {
  const lines: string[] = [];
  for await (const some of splitLines(chunksOf(bytes, cuts), maxBytes))
    lines.push(...some.map((line) => Buffer.from(line).toString('latin1')));
  return lines;
}

function expected(text: string): string[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

describe('splitLines', () => {
  it('gives the same lines however the stream is cut into chunks', async () => {
    const text = fc.array(fc.constantFrom('a', 'é', '\n', '\r', '\xff', '\0'), { maxLength: 40 }).map((parts) => parts.join(''));
    await fc.assert(
      fc.asyncProperty(text, fc.array(fc.nat(40), { maxLength: 5 }), async (value, cuts) => {
        const bytes = Buffer.from(value, 'latin1');
        expect(await linesOf(bytes, cuts)).toEqual(expected(bytes.toString('latin1')));
      }),
    );
  });

  it('keeps \\r, takes an empty line as an empty value and counts a last line without a newline', async () => {
    expect(await linesOf(Buffer.from('a\r\n\nlast'), [])).toEqual(['a\r', '', 'last']);
  });

  it('gives nothing for an empty stream', async () => {
    expect(await linesOf(Buffer.alloc(0), [])).toEqual([]);
  });

  it('refuses a line above the limit and names it', async () => {
    await expect(linesOf(Buffer.from(`short\n${'x'.repeat(30)}`), [10, 20], 16)).rejects.toThrow('line 2 is longer than 16 bytes');
  });
});
