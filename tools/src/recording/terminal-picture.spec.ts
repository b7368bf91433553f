import { describe, expect, it } from 'vitest';
import { drawTerminal } from './terminal-picture.ts';

describe('drawTerminal', () => {
  it('writes each line once, escaped and without colours', () => {
    const picture = drawTerminal('a & b', ['$ ls', '\u001b[1m<bold>\u001b[22m']);
    expect(picture).toContain('>&lt;bold&gt;<');
    expect(picture).toContain('a &amp; b');
    expect(picture.match(/<text/g)).toHaveLength(3);
  });
});
