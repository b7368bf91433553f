import type { Command } from 'commander';
import type { CommandContext } from '../context.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;

type Shell = (typeof SHELLS)[number];

interface CommandWords {
  /** The words that lead to it, joined by spaces; empty for the program itself. */
  readonly path: string;
  readonly words: readonly string[];
}

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

/** The words that may follow each command, from the tree of commands itself. */
function wordsOf(command: Command, path = ''): readonly CommandWords[] {
  const global = command.parent === null ? [] : rootOf(command).options;
  const options = [...command.options, ...global].flatMap((option) => (option.long === undefined ? [] : [option.long]));
  const own = { path, words: [...command.commands.map((child) => child.name()), ...options, '--help'] };
  return [own, ...command.commands.flatMap((child) => wordsOf(child, `${path} ${child.name()}`.trim()))];
}

function rootOf(command: Command): Command {
  return command.parent === null ? command : rootOf(command.parent);
}

function completionScript(shell: Shell, commands: readonly CommandWords[]): string {
  switch (shell) {
    case 'bash':
      return bashScript(commands);
    case 'zsh':
      return `autoload -U +X bashcompinit && bashcompinit\n${bashScript(commands)}`;
    case 'fish':
      return fishScript(commands);
  }
}

function bashScript(commands: readonly CommandWords[]): string {
  const cases = commands.map(({ path, words }) => `    '${path}') words='${words.join(' ')}' ;;`).join('\n');
  return `_moldau() {
  local path='' word words=''
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) ;; *) case "$(_moldau_words "$path")" in *" $word "*) path="\${path:+$path }$word" ;; esac ;; esac
  done
  COMPREPLY=($(compgen -W "$(_moldau_words "$path")" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
_moldau_words() {
  local words=''
  case "$1" in
${cases}
  esac
  echo " $words "
}
complete -F _moldau moldau
`;
}

function fishScript(commands: readonly CommandWords[]): string {
  const lines = commands.map(({ path, words }) => {
    const condition = path === '' ? '__fish_use_subcommand' : `__fish_seen_subcommand_from ${path.split(' ').at(-1) ?? ''}`;
    return `complete -c moldau -f -n '${condition}' -a '${words.join(' ')}'`;
  });
  return `${lines.join('\n')}\n`;
}
