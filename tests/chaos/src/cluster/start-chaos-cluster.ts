import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { whyNoEtcd } from '@moldau/cluster-etcd/testing';
import { spawnStandalone, startCluster } from '@moldau/harness';
import type { ChaosCluster, ChaosProcess, ClusterShape } from './chaos-cluster.ts';

/** Why no cluster of this shape can be started here; undefined when one can. */
export async function whyNoCluster(shape: ClusterShape): Promise<string | undefined> {
  return shape.etcd === 0 ? undefined : whyNoEtcd();
}

/** Starts a cluster: standalone where no coordinators are asked for. */
export async function startChaosCluster(shape: ClusterShape): Promise<ChaosCluster> {
  return shape.coordinators === 0 ? startStandalone() : startProcesses(shape);
}

async function startStandalone(): Promise<ChaosCluster> {
  const server = await spawnStandalone();
  /** Of the processes that have ended. */
  const ended: string[] = [];
  const keepLog = (): void => void ended.push(server.process.stderr());
  const broker: ChaosProcess = {
    name: `broker-${server.brokerId}`,
    get pid(): number {
      return server.process.pid;
    },
    async kill(): Promise<void> {
      await server.kill();
      keepLog();
    },
    pause: () => server.process.kill('SIGSTOP'),
    resume: () => server.process.kill('SIGCONT'),
    async stop(): Promise<void> {
      const status = await server.stop();
      keepLog();
      if (status !== 0) throw new Error(`standalone stopped with status ${status}`);
    },
    restart: () => server.restart(),
  };
  return {
    bootstrap: server.address,
    brokers: [broker],
    coordinators: [],
    etcd: [],
    logs: () => [[broker.name, [...ended, server.process.stderr()].join('')]],
    [Symbol.asyncDispose]: () => server.dispose(),
  };
}

async function startProcesses(shape: ClusterShape): Promise<ChaosCluster> {
  const cluster = await startCluster(shape);
  const folder = join(cluster.directory, 'logs');
  return {
    bootstrap: cluster.bootstrap,
    brokers: cluster.brokers,
    coordinators: cluster.coordinators,
    etcd: cluster.etcd,
    logs: () => readdirSync(folder).map((file) => [basename(file, '.log'), readFileSync(join(folder, file), 'utf8')] as const),
    [Symbol.asyncDispose]: () => cluster.dispose(),
  };
}
