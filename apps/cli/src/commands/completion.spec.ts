// The scripts in the shells they are for, where those are installed.
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { moldau } from '../testing/moldau.ts';
import type { Shell } from './completion-scripts.ts';

/** Runs the completion of a command line's last word in a shell; what it offers, in no order. */
const COMPLETE: Readonly<Record<Shell, (script: string, words: readonly string[]) => readonly string[]>> = {
  bash: (script, words) =>
    run(
      'bash',
      ['--norc'],
      `${script}\nCOMP_WORDS=(${words.map(quote).join(' ')})\nCOMP_CWORD=${words.length - 1}\n_moldau\nprintf '%s\\n' "\${COMPREPLY[@]}"`,
    ),
  // Outside the line editor `compadd` and `compdef` do nothing useful, so functions stand in for them.
  zsh: (script, words) =>
    run(
      'zsh',
      ['-f'],
      `compdef() {}\ncompadd() { shift; for found in "$@"; do [[ $found == "\${words[CURRENT]}"* ]] && print -r -- $found; done; true; }\n${script}\nwords=(${words.map(quote).join(' ')})\nCURRENT=${words.length}\n_moldau`,
    ),
  fish: (script, words) => run('fish', ['--no-config'], `${script}\ncomplete -C ${quote(words.join(' '))}`),
};

function quote(word: string): string {
  return `'${word}'`;
}

function run(shell: Shell, options: readonly string[], script: string): readonly string[] {
  const { stdout, stderr, status } = spawnSync(shell, [...options, '-c', script], { encoding: 'utf8' });
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  return stdout.split('\n').filter((line) => line !== '');
}

function installed(shell: Shell): boolean {
  return spawnSync(shell, ['--version']).error === undefined;
}

describe.each(['bash', 'zsh', 'fish'] as const)('completion in %s', (shell) => {
  it.for([
    ['a command', ['moldau', 'to'], ['topic']],
    ['a command of a group', ['moldau', 'topic', 'add'], ['add-partitions']],
    ['an option of the command, after arguments and options', ['moldau', '-o', 'json', 'topic', 'create', 'x', '--par'], ['--partitions']],
    ['no option of another command of that name', ['moldau', 'produce', 'x', '--thr'], []],
    ['the values of an option', ['moldau', 'produce', 'x', '--compression', 'z'], ['zstd']],
    ['the values of a short option', ['moldau', 'topic', 'list', '-o', 'j'], ['json']],
    ['the shells', ['moldau', 'completion', 'b'], ['bash']],
  ] as const)('offers %s', async ([, words, offered], context) => {
    if (!installed(shell)) context.skip(`${shell} is not installed`);
    const { out: script } = await moldau(['completion', shell]);
    expect(COMPLETE[shell](script, words)).toEqual(offered);
  });
});
