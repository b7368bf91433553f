import type { Command, Option } from 'commander';
import type { CommandContext } from '../context.ts';
import { type CompletionWords, completionScript, type FollowingWords, SHELLS } from './completion-scripts.ts';

export function registerCompletion(program: Command, context: CommandContext): void {
  program
    .command('completion')
    .description('print a completion script: eval "$(moldau completion bash)"')
    .argument('<shell>', `one of ${SHELLS.join(', ')}`)
    .action(async (shell: string) => {
      const known = SHELLS.find((name) => name === shell);
      if (known === undefined) program.error(`error: '${shell}' is not one of ${SHELLS.join(', ')}`, { exitCode: 2 });
      await context.terminal.write(completionScript(known, wordsOf(program)));
    });
}

/** The words that may follow each command and option, from the tree of commands itself. */
function wordsOf(program: Command): CompletionWords {
  const options = new Map<string, readonly string[]>();
  for (const option of allCommands(program).flatMap((command) => command.options)) {
    for (const name of takesValue(option) ? namesOf(option) : []) options.set(name, option.argChoices ?? []);
  }
  return { commands: commandWords(program), options: [...options].map(([after, words]) => ({ after, words })) };
}

function commandWords(command: Command, path = ''): readonly FollowingWords[] {
  const global = command.parent === null ? [] : rootOf(command).options;
  const options = [...command.options, ...global].flatMap((option) => option.long ?? []);
  const shells = path === 'completion' ? SHELLS : [];
  const own = { after: path, words: [...command.commands.map((child) => child.name()), ...shells, ...options, '--help'] };
  return [own, ...command.commands.flatMap((child) => commandWords(child, `${path} ${child.name()}`.trim()))];
}

function allCommands(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap(allCommands)];
}

function takesValue(option: Option): boolean {
  return option.required || option.optional;
}

function namesOf({ long, short }: Option): readonly string[] {
  return [long, short].filter((name) => name !== undefined && name !== null);
}

function rootOf(command: Command): Command {
  return command.parent === null ? command : rootOf(command.parent);
}
