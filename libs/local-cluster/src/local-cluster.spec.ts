import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LocalCluster } from './local-cluster.ts';
import { identify, isRunning } from './process-identity.ts';

let scratch: string;

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'moldau-local-cluster-'));
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(scratch, { recursive: true, force: true });
});

/** Has this shell script run in place of etcd. */
function etcdIs(script: string): void {
  const path = join(scratch, 'etcd');
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  vi.stubEnv('MOLDAU_ETCD', path);
}

describe('a local cluster that can’t start', () => {
  it('says which process ended, with the end of its log, and leaves none behind', async () => {
    etcdIs('echo listening on nothing; echo no space left >&2; exit 3');
    const cluster = await LocalCluster.open({ directory: join(scratch, 'data'), size: { brokers: 1, coordinators: 1, etcd: 3 } });
    const failed = await cluster.up().catch((error: unknown) => error);
    expect(failed).toMatchObject({
      reason: 'PROCESS_NOT_STARTED',
      facts: { log: expect.stringMatching(/logs\/etcd-\d\.log$/) as unknown },
    });
    expect(String(failed)).toMatch(
      /etcd-\d ended before it was ready; the last lines of its log:\n {2}listening on nothing\n {2}no space left/,
    );
    expect(cluster.members.map((member) => member.process)).toEqual([null, null, null, null, null]);
  });

  it('gives up what takes too long, or when it is told to, and ends it', async () => {
    etcdIs('echo $$ >> pids; exec sleep 60');
    const directory = join(scratch, 'data');
    const cluster = await LocalCluster.open({ directory, readyTimeoutMs: 150 });
    await expect(cluster.up()).rejects.toThrow('etcd-1 was not ready within 150 ms (it did not answer)');
    const patient = await LocalCluster.open({ directory });
    await expect(patient.up({ signal: AbortSignal.timeout(150) })).rejects.toMatchObject({ reason: 'CANCELLED' });
    const pids = readFileSync(join(directory, 'pids'), 'utf8').trim().split('\n').map(Number);
    expect(pids).toHaveLength(2);
    expect(pids.filter((pid) => identify(pid) !== undefined)).toEqual([]);
  });

  it('starts nothing when a program is missing', async () => {
    vi.stubEnv('MOLDAU_ETCD', join(scratch, 'absent'));
    const cluster = await LocalCluster.open({ directory: join(scratch, 'data') });
    await expect(cluster.up()).rejects.toThrow('MOLDAU_ETCD');
  });
});

describe('the directory of a local cluster', () => {
  it('keeps the members, their ports and their processes for whoever opens it next', async () => {
    etcdIs('exec sleep 60');
    const directory = join(scratch, 'data');
    expect(LocalCluster.find(directory)).toBeUndefined();
    const { members } = await LocalCluster.open({ directory, size: { brokers: 2 } });
    expect((await LocalCluster.open({ directory })).members).toEqual(members);
    expect(LocalCluster.find(directory)?.bootstrap.split(',')).toHaveLength(2);
    await expect(LocalCluster.open({ directory, size: { brokers: 3 } })).rejects.toMatchObject({ reason: 'INVALID_CONFIG' });
  });

  it('is where `down` finds what runs, twice if need be; a process that only has the same number is spared', async () => {
    etcdIs('exec sleep 60');
    const directory = join(scratch, 'data');
    const cluster = await LocalCluster.open({ directory, readyTimeoutMs: 1 });
    const starting = cluster.start('etcd-1').catch((error: unknown) => error);
    expect(await starting).toMatchObject({ reason: 'PROCESS_NOT_STARTED' }); // sleep is never ready, and goes on
    const [etcd, ...others] = cluster.members;
    expect(isRunning(etcd?.process ?? null)).toBe(true);
    const path = join(directory, 'cluster.json');
    const text = readFileSync(path, 'utf8');
    const self = JSON.stringify({ pid: process.pid, startTime: 'long ago' });
    writeFileSync(path, text.replace('"process": null', `"process": ${self}`)); // as if a coordinator had had our number
    const found = LocalCluster.find(directory);
    const endings = (await found?.down()) ?? [];
    expect(endings.at(-1)).toEqual({ name: 'etcd-1', how: 'stopped' });
    expect(endings.slice(0, -1).every(({ how }) => how === 'not running')).toBe(true);
    expect(endings).toHaveLength(1 + others.length);
    expect(isRunning(etcd?.process ?? null)).toBe(false);
    expect((await found?.down())?.every(({ how }) => how === 'not running')).toBe(true);
  });

  it('is where a process is killed that does not listen, and at once when that is asked for', async () => {
    etcdIs("trap '' TERM; echo deaf; exec sleep 60");
    const cluster = await LocalCluster.open({ directory: join(scratch, 'data'), readyTimeoutMs: 200 });
    for (const options of [{ graceMs: 100 }, { force: true }]) {
      await cluster.start('etcd-1').catch(() => {});
      expect(await cluster.stop('etcd-1', options)).toEqual({ name: 'etcd-1', how: 'killed' });
    }
  });
});
