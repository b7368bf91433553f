import { execFileSync } from 'node:child_process';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../../..');

/** The connector-worker as it is installed, whose threads load a few files instead of hundreds; built anew. Answers with its script. */
export function bundledWorker(): string {
  // Below node_modules it finds the packages of the registry.
  const target = join(ROOT, 'node_modules/.cache/moldau-bench/connector-worker');
  execFileSync(process.execPath, [join(ROOT, 'tools/src/build/main.ts'), 'apps/connector-worker', target], { stdio: 'inherit' });
  return join(target, 'src/main.js');
}
