// npm run record: runs the quickstart and draws what it printed as docs/quickstart.svg.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { drawTerminal } from './terminal-picture.ts';

const root = resolve(import.meta.dirname, '../../..');
const output = execFileSync(process.execPath, [join(root, 'tools/src/quickstart/main.ts'), '--exit'], {
  encoding: 'utf8',
  stdio: ['ignore', 'pipe', 'inherit'],
});
const lines = ['$ npm run quickstart', ...output.trimEnd().split('\n')];
writeFileSync(join(root, 'docs/quickstart.svg'), drawTerminal('moldau', lines));
