import { readFileSync } from 'node:fs';

/** The blocks of code of a Markdown file in one language, in order. */
export function codeBlocks(path: string, language: string): readonly string[] {
  const pattern = new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms');
  return [...readFileSync(path, 'utf8').matchAll(pattern)].map((match) => match[1] ?? '');
}

/** The commands of a file's shell blocks, a line each. */
export function shellCommands(path: string): readonly string[] {
  return codeBlocks(path, 'sh').flatMap((block) => block.split('\n').filter((line) => line !== ''));
}
