import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { createCommandContext } from '../context.ts';
import { createProgram } from '../program.ts';
import { createSilentTerminal } from './silent-terminal.ts';

const PAGE = readFileSync(new URL('../../../../docs/operations.md', import.meta.url), 'utf8');

/** The command lines of the page: in its shell blocks and in its text. None needs quotes. */
function commandLines(page: string): readonly string[] {
  const blocks = [...page.matchAll(/^ *```sh\n(.*?)^ *```$/gms)].flatMap(([, block]) => (block ?? '').split('\n'));
  const text = [...page.replace(/^ *```.*?^ *```$/gms, '').matchAll(/`([^`\n]+)`/g)].map(([, span]) => span ?? '');
  const lines = [...blocks, ...text].map((line) => line.trim()).filter((line) => line.startsWith('moldau '));
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

  it.each(['moldau broker forget 4', 'moldau broker drain', 'moldau cluster health --now', 'moldau partition elect-leader orders/x'])(
    'would be found wrong with %s',
    async (line) => {
      await expect(run(line)).rejects.toThrow();
    },
  );
});
