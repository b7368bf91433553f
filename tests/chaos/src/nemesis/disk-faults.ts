import { closeSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Child } from '@moldau/harness';
import type { ChaosCluster, ChaosProcess } from '../cluster/chaos-cluster.ts';
import type { Fault } from './fault.ts';
import { tamperWithSyncs } from './strace.ts';

/** Beside the broker's own files, so that no file of the broker's is touched. */
const BALLAST = 'ballast-of-a-test';
const BALLAST_WRITE_BYTES = 64 * 1024;

/** Each fsync and fdatasync of the process takes this much longer. Ends when strace lets go of it. */
export function slowDisk(target: ChaosProcess, delayMs: number): Fault {
  let strace: Child | undefined;
  return {
    name: 'slow-disk',
    targets: [target.name],
    async begin(): Promise<void> {
      strace = await tamperWithSyncs(target, `delay_enter=${delayMs * 1000}`);
    },
    async end(): Promise<void> {
      await strace?.stop();
      strace = undefined;
    },
  };
}

/** Each fsync and fdatasync of the process fails with EIO; ends with another process over the same data. */
export function failedSyncs(target: ChaosProcess): Fault {
  let strace: Child | undefined;
  return {
    name: 'sync-fails',
    targets: [target.name],
    async begin(): Promise<void> {
      strace = await tamperWithSyncs(target, 'error=EIO');
    },
    async end(): Promise<void> {
      // For a moment flushes succeed again: what failed before must not be believed now (fsyncgate).
      await strace?.stop();
      strace = undefined;
      await target.kill();
      await target.restart();
    },
  };
}

/** The disk of a broker is full; ends when there is space again, with no restart. */
export function fullDisk(cluster: ChaosCluster, target: ChaosProcess): Fault {
  const path = join(cluster.dataDirectory(target.name), BALLAST);
  return {
    name: 'disk-full',
    targets: [target.name],
    begin: async () => fill(path),
    end: async () => rmSync(path, { force: true }),
  };
}

/** The process is killed and its disk is lost for ever; ends with a restart over an empty one. */
export function lostDisk(cluster: ChaosCluster, target: ChaosProcess): Fault {
  return {
    name: 'lose-disk',
    targets: [target.name],
    async begin(): Promise<void> {
      await target.kill();
      const directory = cluster.dataDirectory(target.name);
      for (const name of readdirSync(directory)) rmSync(join(directory, name), { recursive: true, force: true });
    },
    end: () => target.restart(),
  };
}

function fill(path: string): void {
  const file = openSync(path, 'w');
  const bytes = Buffer.alloc(BALLAST_WRITE_BYTES, 'x');
  try {
    for (;;) writeSync(file, bytes);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
  } finally {
    closeSync(file);
  }
}
