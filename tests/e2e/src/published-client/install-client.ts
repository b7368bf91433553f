import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export const ROOT = resolve(import.meta.dirname, '../../../..');
const PACKAGE = join(ROOT, 'libs/client');

/** Builds the client as it is published into a folder, with what it needs beside it as npm would install it; its folder there. */
export async function installClient(folder: string, others: readonly string[]): Promise<string> {
  const built = join(folder, 'node_modules/@moldau/client');
  await run(process.execPath, [join(PACKAGE, 'build.mjs'), built]);
  const { dependencies } = JSON.parse(readFileSync(join(built, 'package.json'), 'utf8')) as { dependencies: Record<string, string> };
  for (const name of [...Object.keys(dependencies), ...others]) link(folder, name);
  return built;
}

function link(folder: string, name: string): void {
  const installed = [PACKAGE, join(ROOT, 'libs/records'), ROOT].map((root) => join(root, 'node_modules', name)).find(existsSync);
  if (installed === undefined) throw new Error(`${name} is not installed`);
  const path = join(folder, 'node_modules', name);
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(installed, path);
}
