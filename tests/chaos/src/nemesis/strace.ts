import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { type Child, startChild } from '@moldau/harness';
import type { ChaosProcess } from '../cluster/chaos-cluster.ts';

/** Longest wait for strace to attach to all threads. */
const ATTACH_MS = 10_000;
const POLL_MS = 20;

/** Why no system call can be tampered with here; undefined when it can. */
export async function whyNoStrace(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'strace is there on Linux only';
  try {
    await promisify(execFile)('strace', ['-o', '/dev/null', 'true'], { timeout: ATTACH_MS });
    return undefined;
  } catch (error) {
    const absent = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    return absent ? 'strace is not installed' : 'strace may not trace processes here';
  }
}

/**
 * Tampers with each fsync and fdatasync of a process, as strace's `-e inject` says: `delay_enter=300000`, `error=EIO`. Lasts until
 * the child that it answers with is stopped.
 */
export async function tamperWithSyncs(target: ChaosProcess, how: string): Promise<Child> {
  const { pid } = target;
  if (pid === undefined) throw new Error(`${target.name} does not run`);
  const inject = `inject=fsync,fdatasync:${how}`;
  const parameters = ['-f', '-qq', '-o', '/dev/null', '-p', String(pid), '-e', 'trace=fsync,fdatasync', '-e', inject];
  const strace = startChild({ command: 'strace', arguments: parameters });
  await attached(pid, strace);
  return strace;
}

async function attached(pid: number, strace: Child): Promise<void> {
  const deadline = performance.now() + ATTACH_MS;
  let ended = false;
  void strace.ended.then(() => (ended = true));
  while (!isTraced(pid)) {
    if (ended || performance.now() > deadline) throw new Error(`strace did not attach to ${pid}: ${strace.stderr()}`);
    await new Promise((wake) => setTimeout(wake, POLL_MS));
  }
}

function isTraced(pid: number): boolean {
  try {
    return /^TracerPid:\t[1-9]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false; // It has ended.
  }
}
