import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MoldauError } from '@moldau/kernel';
import { identify, isRunning, type ProcessIdentity } from './process-identity.ts';

/** Names the process that starts or ends the cluster at the moment. */
const LOCK_FILE = 'cluster.lock';

/**
 * Runs an action as the only one that starts or ends the cluster in this directory. A lock whose process has ended is
 * taken over.
 *
 * @throws MoldauError DATA_DIRECTORY_LOCKED
 */
export async function withDirectoryLock<Result>(directory: string, action: () => Promise<Result>): Promise<Result> {
  mkdirSync(directory, { recursive: true });
  const path = join(directory, LOCK_FILE);
  take(path);
  try {
    return await action();
  } finally {
    rmSync(path, { force: true });
  }
}

function take(path: string): void {
  const self = JSON.stringify(identify(process.pid));
  if (created(path, self)) return;
  const holder = holderOf(path);
  if (holder === undefined || !isRunning(holder)) {
    rmSync(path, { force: true });
    if (created(path, self)) return;
  }
  const facts = { path, ...(holder === undefined ? {} : { pid: String(holder.pid) }) };
  throw new MoldauError('DATA_DIRECTORY_LOCKED', 'another command is starting or ending this cluster', facts);
}

function created(path: string, text: string): boolean {
  try {
    writeFileSync(path, text, { flag: 'wx' });
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    const facts = { path };
    throw new MoldauError('DATA_DIRECTORY_UNUSABLE', `${path} can't be written: ${String(error)}`, facts, { cause: error });
  }
}

/** Undefined when the lock is gone by now, or was left half written. */
function holderOf(path: string): ProcessIdentity | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as ProcessIdentity;
  } catch {
    return undefined;
  }
}
