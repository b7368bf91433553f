import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { buildHelm, findHelm } from './helm-program.ts';

/** `npm run test:helm`: the chart's tests, with a helm that is built first where there is none. */
const root = fileURLToPath(new URL('../../..', import.meta.url));
if (findHelm() === undefined) {
  const failure = await buildHelm();
  if (failure !== undefined) process.stdout.write(`no helm: ${failure}; what needs it is skipped\n`);
}
const child = spawn(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', 'tests/helm/', ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
});
child.once('exit', (code, signal) => {
  process.exitCode = code ?? (signal === null ? 1 : 128);
});
