import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A directory of one test, gone when the test disposes of it. */
export interface ScratchDirectory extends Disposable {
  readonly path: string;
  remove(): void;
}

/** Directories that a test forgot, removed when its process ends. */
const living = new Set<string>();
let sweeping = false;

/** A new empty directory under the system's own, or under `parent`. */
export function scratchDirectory(label = 'scratch', parent = tmpdir()): ScratchDirectory {
  const path = mkdtempSync(join(parent, `moldau-${label}-`));
  living.add(path);
  if (!sweeping) process.once('exit', sweep);
  sweeping = true;
  const remove = (): void => {
    living.delete(path);
    rmSync(path, { recursive: true, force: true });
  };
  return { path, remove, [Symbol.dispose]: remove };
}

function sweep(): void {
  for (const path of living) rmSync(path, { recursive: true, force: true });
}
