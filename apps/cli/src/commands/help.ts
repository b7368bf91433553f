import type { Command } from 'commander';

/** Commander's own goes one command deep: `help topic create` would show `topic`. */
export function registerHelp(program: Command): void {
  program
    .command('help')
    .description('show the help of a command')
    .argument('[command...]', 'the command, for example topic create')
    .action((names: readonly string[]) => find(program, names).help());
}

function find(program: Command, names: readonly string[]): Command {
  let found = program;
  for (const name of names) {
    const next = found.commands.find((candidate) => candidate.name() === name || candidate.aliases().includes(name));
    found = next ?? found.error(`error: unknown command '${name}'`);
  }
  return found;
}
