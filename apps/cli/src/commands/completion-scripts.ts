// The completion scripts. Each shell gets the same three parts in its own words: what may follow a command, what may
// follow an option, and a function that walks the words before the cursor along the tree of commands.

export const SHELLS = ['bash', 'zsh', 'fish'] as const;

export type Shell = (typeof SHELLS)[number];

/** Words that may follow something. They hold neither spaces nor quotes. */
export interface FollowingWords {
  /** A command as the words that lead to it, joined by spaces and empty for the program itself; or an option. */
  readonly after: string;
  readonly words: readonly string[];
}

export interface CompletionWords {
  readonly commands: readonly FollowingWords[];
  /** Options that take a value: with the values it may have, or none where any may come, such as a file's name. */
  readonly options: readonly FollowingWords[];
}

export function completionScript(shell: Shell, words: CompletionWords): string {
  switch (shell) {
    case 'bash':
      return `${wordFunctions(words)}${BASH}`;
    case 'zsh':
      return `${wordFunctions(words)}${ZSH}`;
    case 'fish':
      return fishScript(words);
  }
}

// Both shells read this part. A variable may not be called `path` here: in zsh that one is $PATH.
function wordFunctions({ commands, options }: CompletionWords): string {
  const rows = (all: readonly FollowingWords[]): string =>
    all.map(({ after, words }) => `    '${after}') echo ' ${words.join(' ')} ' ;;\n`).join('');
  return `_moldau_words() {
  case "$1" in
${rows(commands)}  esac
}
_moldau_values() {
  case "$1" in
${rows(options)}    *) return 1 ;;
  esac
}
_moldau_command() {
  local command='' word
  for word in "$@"; do
    case "$word" in -*) ;; *) case "$(_moldau_words "$command")" in *" $word "*) command="\${command:+$command }$word" ;; esac ;; esac
  done
  echo "$command"
}
`;
}

// Where no word fits, names of files are completed, here by `-o default`.
const BASH = `_moldau() {
  local words
  words="$(_moldau_values "\${COMP_WORDS[COMP_CWORD-1]}")" ||
    words="$(_moldau_words "$(_moldau_command "\${COMP_WORDS[@]:1:COMP_CWORD-1}")")"
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _moldau moldau
`;

const ZSH = `_moldau() {
  local found
  found="$(_moldau_values "\${words[CURRENT-1]}")" ||
    found="$(_moldau_words "$(_moldau_command "\${(@)words[2,CURRENT-1]}")")"
  compadd -- \${=found} || _files
}
(( \${+functions[compdef]} )) || { autoload -Uz compinit && compinit; }
compdef _moldau moldau
`;

function fishScript({ commands, options }: CompletionWords): string {
  const rows = (all: readonly FollowingWords[]): string =>
    all.map(({ after, words }) => `    case '${after}'\n      string split -n ' ' -- '${words.join(' ')}'\n`).join('');
  return `function __moldau_words
  switch "$argv[1]"
${rows(commands)}  end
end
function __moldau_values
  switch "$argv[1]"
${rows(options)}    case '*'
      return 1
  end
  return 0
end
function __moldau_after
  set -l before $argv
  __moldau_values $before[-1]; and return
  set -l command ''
  for word in $before[2..-1]
    string match -q -- '-*' $word; and continue
    contains -- $word (__moldau_words $command); and set command (string trim -- "$command $word")
  end
  __moldau_words $command
end
function __moldau_complete
  set -l token (commandline -ct)
  set -l found (__moldau_after (commandline -opc) | string match -- "$token*")
  if set -q found[1]
    string join \\n -- $found
  else
    __fish_complete_path "$token"
  end
end
complete -c moldau -f -a '(__moldau_complete)'
`;
}
