import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { whyNoEtcd } from '@moldau/cluster-etcd/testing';
import { scratchDirectory } from '@moldau/harness';
import { expect, it } from 'vitest';
import { moldauCommand, moldauJson } from '../fixture/command-line.ts';

/** Two starts and a dozen commands, each a process of its own: a busy machine takes its time. */
const TIMEOUT_MS = 240_000;

interface Listed {
  readonly id: number | string;
  readonly address: string;
  readonly pid: number;
}

interface UpResult {
  readonly bootstrap: string;
  readonly brokers: readonly Listed[];
  readonly coordinators: readonly Listed[];
  readonly etcd: readonly Listed[];
}

function runs(pid: number): boolean {
  return existsSync(`/proc/${pid}/stat`) && !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
}

it(
  'moldau cluster up starts processes that outlive it, health finds them well, down ends them, and the next up is the same cluster',
  async (context) => {
    const reason = process.platform === 'linux' ? await whyNoEtcd() : 'only Linux shows processes in /proc';
    if (reason !== undefined) return context.skip(reason);
    using scratch = scratchDirectory('cluster-command');
    const data = ['--data', join(scratch.path, 'cluster')];
    try {
      const first = await moldauJson<UpResult>('cluster', 'up', ...data, '--brokers', '2', '--coordinators', '1', '--etcd', '1');
      const { bootstrap, brokers, coordinators, etcd } = first;
      expect(brokers.map(({ id }) => id)).toEqual([1, 2]);
      expect(bootstrap).toBe(brokers.map(({ address }) => address).join(','));
      const pids = [...brokers, ...coordinators, ...etcd].map(({ pid }) => pid);
      expect(pids.map(runs)).toEqual([true, true, true, true]);
      expect(readdirSync(join(scratch.path, 'cluster/logs')).toSorted()).toEqual([
        ...['broker-1.log', 'broker-2.log', 'coordinator-1.log', 'etcd-1.log'],
      ]);

      // What runs is left alone.
      expect(await moldauJson<UpResult>('cluster', 'up', ...data)).toEqual(first);

      const at = ['--bootstrap', bootstrap];
      const single = ['--replication-factor', '1', '--config', 'min.insync.replicas=1'];
      expect((await moldauCommand('topic', 'create', 'kept', '--partitions', '2', ...single, ...at)).err).toBe('');
      expect(await moldauJson('cluster', 'health', ...at)).toMatchObject({ healthy: true, brokers: { unfenced: [1, 2], fenced: [] } });

      // A broker that is gone is ill health, and down and up heal it.
      process.kill(brokers[1]?.pid ?? 0, 'SIGKILL');
      await expect.poll(async () => (await moldauCommand('cluster', 'health', ...at)).code, { timeout: 20_000 }).toBe(5);
      expect(await moldauJson('cluster', 'down', ...data)).toEqual({ stopped: ['broker-1', 'coordinator-1', 'etcd-1'], killed: [] });
      expect(pids.map(runs)).toEqual([false, false, false, false]);
      expect((await moldauCommand('cluster', 'down', ...data)).code).toBe(0);

      const again = await moldauJson<UpResult>('cluster', 'up', ...data);
      expect(again.bootstrap).toBe(bootstrap);
      expect(await moldauJson('partition', 'describe', 'kept', ...at)).toMatchObject([{ partition: 0 }, { partition: 1 }]);
      expect(await moldauJson('cluster', 'health', ...at)).toMatchObject({ healthy: true, topics: 1 });
    } finally {
      await moldauCommand('cluster', 'down', ...data, '--force');
    }
  },
  TIMEOUT_MS,
);
