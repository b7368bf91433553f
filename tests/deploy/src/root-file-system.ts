import { chmodSync, cpSync, existsSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { succeed } from './run.ts';

export const REPOSITORY = fileURLToPath(new URL('../../..', import.meta.url));
const TREE_TIMEOUT_MS = 120_000;

/** Programs that scripts of image and chart use; the base image has them. */
const PROGRAMS = [
  'sh',
  'env',
  'cat',
  'ls',
  'cp',
  'mkdir',
  'ln',
  'rm',
  'chmod',
  'date',
  'sleep',
  'tail',
  'head',
  'grep',
  'sort',
  'xargs',
  'mktemp',
  'id',
] as const;
const SHELL_LOOKUP = 'command -v';
/** Parts of the C library that native packages load, whatever loads them. */
const C_LIBRARY = ['librt.so.1', 'libresolv.so.2', 'libnss_dns.so.2', 'libnss_files.so.2', 'libutil.so.1'] as const;
/** What name resolution and encryption need. */
const CONFIGURATION = ['/etc/ssl/certs', '/etc/nsswitch.conf', '/etc/resolv.conf', '/etc/host.conf'] as const;

/**
 * What stands in for the base image: the Node that runs this, a shell with a few programs, and the libraries that they load, from
 * this machine. No image can be relied on to be here.
 */
export async function makeBase(root: string, options: { readonly npm: boolean }): Promise<void> {
  for (const folder of ['tmp', 'proc', 'dev', 'var/lib', 'etc', 'usr/local/bin', 'root'])
    mkdirSync(join(root, folder), { recursive: true });
  chmodSync(join(root, 'tmp'), 0o1777);
  await addProgram(root, process.execPath, '/usr/local/bin/node');
  for (const name of PROGRAMS) {
    const path = (await succeed('sh', ['-c', `${SHELL_LOOKUP} ${name}`])).trim();
    await addProgram(root, path, `/usr/bin/${name}`);
  }
  if (!existsSync(join(root, 'bin'))) symlinkSync('usr/bin', join(root, 'bin'));
  for (const path of CONFIGURATION.filter((one) => existsSync(one))) cpSync(path, join(root, path), { recursive: true, dereference: true });
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\n');
  if (options.npm) await addNpm(root);
}

/** Copies a program with the libraries that the loader finds for it. */
async function addProgram(root: string, source: string, target: string): Promise<void> {
  copy(realpathSync(source), join(root, target));
  const listed = await succeed('ldd', [realpathSync(source)]);
  for (const [, library = ''] of listed.matchAll(/(\/[^ ]+) \(0x/g)) {
    if (!existsSync(join(root, library))) copy(realpathSync(library), join(root, library));
    if (basename(library) !== 'libc.so.6') continue;
    for (const part of C_LIBRARY.map((name) => join(dirname(library), name)))
      if (existsSync(part)) copy(realpathSync(part), join(root, part));
  }
}

async function addNpm(root: string): Promise<void> {
  const npm = dirname(dirname(realpathSync((await succeed('sh', ['-c', `${SHELL_LOOKUP} npm`])).trim())));
  cpSync(npm, join(root, 'usr/local/lib/node_modules/npm'), { recursive: true });
  symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', join(root, 'usr/local/bin/npm'));
}

function copy(source: string, target: string): void {
  mkdirSync(dirname(target), { recursive: true });
  cpSync(source, target);
}

/** Makes what the image holds below /opt/moldau. */
export async function makeImageTree(target: string): Promise<void> {
  await succeed(process.execPath, [join(REPOSITORY, 'tools/src/image/main.ts'), target], { timeoutMs: TREE_TIMEOUT_MS });
}
