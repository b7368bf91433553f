import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createCommandContext } from '../context.ts';
import { createProgram } from '../program.ts';
import { renderCliPage } from './cli-page.ts';
import { createSilentTerminal } from './silent-terminal.ts';

describe('docs/cli.md', () => {
  it('is what the commands say of themselves (npm run generate writes it)', () => {
    const page = readFileSync(new URL('../../../../docs/cli.md', import.meta.url), 'utf8');
    expect(page).toBe(renderCliPage(createProgram(createCommandContext(createSilentTerminal()), '0')));
  });
});
