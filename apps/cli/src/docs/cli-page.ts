import type { Command } from 'commander';
import { EXIT_CODES } from '../exit-code.ts';

const WIDTH = 110;

/** docs/cli.md: the help of every command, as the program itself prints it. */
export function renderCliPage(program: Command): string {
  const codes = Object.values(EXIT_CODES).map(({ code, meaning }) => `| ${code} | ${meaning} |`);
  return [
    '# The command line',
    '',
    '<!-- Written by npm run generate from the help of the commands themselves. -->',
    '',
    'In a checkout `npx moldau` runs it; a small launcher starts the pinned Node where the one at hand is older. Options of the program',
    'itself (`--bootstrap`, `--output`…) may stand anywhere. With `-o json` every command prints JSON; `consume` and `log dump` print',
    'one object a line.',
    '',
    '## Exit codes',
    '',
    '| code | meaning |',
    '|---|---|',
    ...codes,
    '',
    'Besides, `standalone` ends with 70 after a bug, with 75 when it could not stop in time, and with 128 plus its number after a second',
    'signal; [configuration.md](configuration.md) has the settings that it reads from the environment.',
    '',
    '## Commands',
    ...leavesOf(program).flatMap((command) => ['', `### ${pathOf(command)}`, '', '```text', helpOf(command), '```']),
    '',
  ].join('\n');
}

function leavesOf(command: Command): readonly Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(leavesOf);
}

function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}

function helpOf(command: Command): string {
  return command
    .configureHelp({ helpWidth: WIDTH, showGlobalOptions: false })
    .helpInformation()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
    .trim();
}
