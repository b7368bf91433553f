import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { buildEtcdPrograms, findEtcdPrograms } from './etcd-programs.ts';
import { REPOSITORY } from './root-file-system.ts';

/** `npm run test:image`: all about image and compose file, the Dockerfile built, etcd restored. Arguments go to vitest. */
if (findEtcdPrograms() === undefined) {
  const failure = await buildEtcdPrograms();
  if (failure !== undefined) process.stdout.write(`no etcdutl: ${failure}; what needs it is skipped\n`);
}
const child = spawn(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', 'tests/deploy/', ...process.argv.slice(2)], {
  cwd: REPOSITORY,
  stdio: 'inherit',
  env: { ...process.env, IMAGE_BUILD: 'all' },
});
const [code] = (await once(child, 'exit')) as [number | null];
process.exitCode = code ?? 1;
