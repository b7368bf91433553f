import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { MoldauError } from '@moldau/kernel';

/** Names the etcd binary where it is not in PATH. */
export const ETCD_VARIABLE = 'MOLDAU_ETCD';

const HOW_TO_INSTALL =
  'Debian and Ubuntu: apt-get install etcd-server; Fedora: dnf install etcd; macOS: brew install etcd; ' +
  'others: https://etcd.io/docs/latest/install/';

/** The etcd binary: the one that MOLDAU_ETCD names, else the first in PATH. @throws MoldauError PROCESS_NOT_STARTED */
export function findEtcd(environment: Readonly<Record<string, string | undefined>> = process.env): string {
  const named = environment[ETCD_VARIABLE];
  if (named !== undefined && named !== '') {
    if (isExecutable(named)) return named;
    throw new MoldauError('PROCESS_NOT_STARTED', `${ETCD_VARIABLE} names '${named}', which can't be run`, { program: named });
  }
  const folders = (environment['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const found = folders.map((folder) => join(folder, 'etcd')).find(isExecutable);
  if (found !== undefined) return found;
  const message = `etcd is not in PATH. Install it, or name its binary in ${ETCD_VARIABLE}. ${HOW_TO_INSTALL}`;
  throw new MoldauError('PROCESS_NOT_STARTED', message, { program: 'etcd' });
}

/** The script that runs a service: of its package, which stands beside this one. @throws MoldauError PROCESS_NOT_STARTED */
export function findService(service: 'broker' | 'coordinator' | 'connector-worker'): string {
  const name = `@moldau/${service}-app`;
  const folder = packageFolder(name);
  // In a checkout Node runs the source; as it is installed everything is plain JavaScript.
  const scripts = import.meta.url.endsWith('.ts') ? ['src/main.ts'] : ['src/main.js', 'dist/src/main.js'];
  const found = scripts.map((script) => join(folder ?? '', script)).find((path) => folder !== undefined && existsSync(path));
  if (found !== undefined) return found;
  throw new MoldauError('PROCESS_NOT_STARTED', `the package ${name} is not installed: npm install ${name}`, { program: name });
}

function packageFolder(name: string): string | undefined {
  try {
    return dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
  } catch {
    return undefined;
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
