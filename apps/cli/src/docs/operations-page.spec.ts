import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { createCommandContext } from '../context.ts';
import { createProgram } from '../program.ts';
import { createSilentTerminal } from './silent-terminal.ts';

function page(name: string): string {
  return readFileSync(new URL(`../../../../docs/${name}`, import.meta.url), 'utf8');
}

const PAGE = page('operations.md');

/** The command lines of the page: in its shell blocks and in its text. None needs quotes. */
function commandLines(text: string): readonly string[] {
  const blocks = [...text.matchAll(/^ *```sh\n(.*?)^ *```$/gms)].flatMap(([, block]) => (block ?? '').split('\n'));
  const spans = [...text.replace(/^ *```.*?^ *```$/gms, '').matchAll(/`([^`\n]+)`/g)].map(([, span]) => span ?? '');
  const lines = [...blocks, ...spans].map((line) => line.trim()).filter((line) => line.startsWith('moldau '));
  return [...new Set(lines)];
}

/** The program, whose commands check what they are given and do nothing. */
function idleProgram(): Command {
  const program = createProgram(createCommandContext(createSilentTerminal()), '0');
  const idle = (command: Command): void => {
    if (command.commands.length === 0) command.action(() => {});
    for (const each of command.commands) idle(each);
  };
  idle(program);
  return program;
}

async function run(line: string): Promise<void> {
  await idleProgram().parseAsync(line.split(/\s+/).slice(1), { from: 'user' });
}

describe('docs/operations.md', () => {
  it('has commands', () => {
    expect(commandLines(PAGE).length).toBeGreaterThan(20);
  });

  it.each(commandLines(PAGE))('names a command that exists, with its options and arguments: %s', run);

  it.each(commandLines(page('install.md')))('so does docs/install.md: %s', run);

  it.each(['moldau broker forget 4', 'moldau broker drain', 'moldau cluster health --now', 'moldau partition elect-leader orders/x'])(
    'would be found wrong with %s',
    async (line) => {
      await expect(run(line)).rejects.toThrow();
    },
  );
});
