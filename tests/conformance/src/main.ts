import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** `npm run test:conformance`: every client, also those whose toolchain has to be downloaded. */
const root = fileURLToPath(new URL('../../..', import.meta.url));
// By exclusion, so that arguments choose among the rest instead of adding to it.
const ELSEWHERE = ['--exclude', '{apps,libs,tools,bench}/**', '--exclude', 'tests/{chaos,connect,deploy,e2e,helm,simulation}/**'];
const child = spawn(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', ...ELSEWHERE, ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, CONFORMANCE_CLIENTS: 'all' },
});
child.once('exit', (code, signal) => {
  process.exitCode = code ?? (signal === null ? 1 : 128);
});
