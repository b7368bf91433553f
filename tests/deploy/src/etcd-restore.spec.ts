import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { findEtcdPrograms } from './etcd-programs.ts';
import { REPOSITORY } from './root-file-system.ts';
import { type RunOutcome, run, succeed } from './run.ts';

/** The brokers' ports begin here: below those that systems hand out, and another for each run. */
const FIRST_PORT = String(15_000 + (process.pid % 5_000) * 3);
const CASE_TIMEOUT_MS = 300_000;
const STEP_TIMEOUT_MS = 120_000;
const MOLDAU = join(REPOSITORY, 'apps/cli/bin/moldau.js');

const folder = mkdtempSync(join(tmpdir(), 'moldau-restore-'));
const data = join(folder, 'cluster');
const snapshot = join(folder, 'metadata.db');

beforeEach(async (context) => {
  if (findEtcdPrograms() === undefined)
    context.skip('etcdutl of etcd 3.5.10 or later is not here; npm run test:image builds it where Go is installed');
  if ((await run('etcdctl', ['version'])).status !== 0) context.skip('etcdctl is not installed');
});

afterAll(async () => {
  if (findEtcdPrograms() !== undefined) await moldau('cluster', 'down', '--data', data);
  rmSync(folder, { recursive: true, force: true });
}, STEP_TIMEOUT_MS);

/** The command line, with the etcd that chart and compose file have. */
function moldau(...argv: readonly string[]): Promise<RunOutcome> {
  const etcd = `MOLDAU_ETCD=${findEtcdPrograms()?.etcd ?? ''}`;
  return run('env', [etcd, process.execPath, MOLDAU, ...argv], { timeoutMs: STEP_TIMEOUT_MS });
}

async function done(...argv: readonly string[]): Promise<string> {
  const { status, out } = await moldau(...argv);
  expect(status, `${argv.join(' ')}: ${out}`).toBe(0);
  return out;
}

interface Member {
  readonly name: string;
  readonly kind: string;
  readonly address: string;
  readonly peerAddress: string;
}

function members(): readonly Member[] {
  return (JSON.parse(readFileSync(join(data, 'cluster.json'), 'utf8')) as { members: readonly Member[] }).members;
}

function bootstrap(): string {
  return members()
    .filter(({ kind }) => kind === 'broker')
    .map(({ address }) => address)
    .join(',');
}

async function produce(topic: string, lines: readonly string[]): Promise<void> {
  const program = `printf '%s\\n' ${lines.join(' ')} | '${process.execPath}' '${MOLDAU}' --bootstrap ${bootstrap()} produce ${topic}`;
  await succeed('sh', ['-euc', program], { timeoutMs: STEP_TIMEOUT_MS });
}

async function consumed(topic: string): Promise<readonly string[]> {
  const out = await done('--bootstrap', bootstrap(), 'consume', topic, '--from', 'earliest', '--exit-at-end');
  return out.trim().split('\n');
}

describe('a snapshot of etcd', () => {
  it('brings the cluster back as docs/operations.md says: with every record, also those written after it', {
    timeout: CASE_TIMEOUT_MS,
  }, async () => {
    await done('cluster', 'up', '--data', data, '--port', FIRST_PORT);
    await done('--bootstrap', bootstrap(), 'topic', 'create', 'orders', '--partitions', '1');
    await produce('orders', ['a', 'b']);
    const [etcd] = members().filter(({ kind }) => kind === 'etcd');
    if (etcd === undefined) throw new Error('the cluster has no etcd');
    await succeed('env', ['ETCDCTL_API=3', 'etcdctl', '--endpoints', etcd.address, 'snapshot', 'save', snapshot]);
    await produce('orders', ['c']);
    await done('--bootstrap', bootstrap(), 'topic', 'create', 'later', '--partitions', '1');
    await done('cluster', 'down', '--data', data);

    rmSync(join(data, etcd.name), { recursive: true });
    const peer = `http://${etcd.peerAddress}`;
    const membership = ['--name', etcd.name, '--initial-cluster', `${etcd.name}=${peer}`, '--initial-advertise-peer-urls', peer];
    const restore = [
      'snapshot',
      'restore',
      snapshot,
      '--bump-revision',
      '1000000000',
      '--mark-compacted',
      '--data-dir',
      join(data, etcd.name),
    ];
    await succeed(findEtcdPrograms()?.etcdutl ?? '', [...restore, '--initial-cluster-token', 'moldau', ...membership]);

    await done('cluster', 'up', '--data', data);
    expect(await consumed('orders')).toEqual(['a', 'b', 'c']);
    await produce('orders', ['d']);
    // Leadership goes back to preferred brokers meanwhile.
    await expect.poll(() => consumed('orders'), { timeout: 30_000, interval: 1_000 }).toEqual(['a', 'b', 'c', 'd']);
    // Made after the snapshot: unknown, its data kept.
    expect((await moldau('--bootstrap', bootstrap(), 'topic', 'describe', 'later')).out).toContain('UNKNOWN_TOPIC');
    await done('--bootstrap', bootstrap(), 'cluster', 'health');
    const described = await done('--bootstrap', bootstrap(), '-o', 'json', 'cluster', 'describe');
    const { metadataVersion } = JSON.parse(described) as { metadataVersion: number };
    expect(metadataVersion).toBeGreaterThan(1_000_000_000);
  });
});
