import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { whyNoEtcd } from '@moldau/cluster-etcd/testing';
import {
  createNetwork,
  type MemberPlace,
  type Network,
  scratchDirectory,
  spawnStandalone,
  startCluster,
  whyNoNamespaces,
} from '@moldau/harness';
import type { ChaosCluster, ChaosProcess, ClusterShape } from './chaos-cluster.ts';
import { mountDisk, whyNoDisks } from './data-disk.ts';
import { createClocks, type WallClocks, whyNoClocks } from './wall-clocks.ts';

/** Why no cluster of this shape can be started here; undefined when one can. */
export async function whyNoCluster(shape: ClusterShape): Promise<string | undefined> {
  const reasons = [
    shape.etcd === 0 ? undefined : await whyNoEtcd(),
    shape.network === 'needed' ? await whyNoNamespaces() : undefined,
    shape.diskMib === undefined ? undefined : whyNoDisks(),
    shape.clocks === undefined ? undefined : await whyNoClocks(),
  ];
  return reasons.find((reason) => reason !== undefined);
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
    network: undefined,
    clocks: undefined,
    dataDirectory: () => server.dataDir,
    logs: () => [[broker.name, [...ended, server.process.stderr()].join('')]],
    [Symbol.asyncDispose]: () => server.dispose(),
  };
}

async function startProcesses(shape: ClusterShape): Promise<ChaosCluster> {
  await using undo = new AsyncDisposableStack();
  const { path: directory } = undo.use(scratchDirectory('chaos-cluster'));
  const names = numbered('broker', shape.brokers);
  if (shape.diskMib !== undefined) for (const name of names) undo.use(mountDisk(join(directory, name), shape.diskMib));
  const clocks = shape.clocks === true ? createClocks(directory) : undefined;
  const network = shape.network !== undefined && (await whyNoNamespaces()) === undefined ? undo.use(await createNetwork()) : undefined;
  const places = await placesOf(shape, network, clocks);
  const { brokers, coordinators, etcd } = shape;
  const cluster = undo.use(await startCluster({ brokers, coordinators, etcd, directory, places: (name) => places.get(name) }));
  const folder = join(directory, 'logs');
  const kept = undo.move();
  return {
    bootstrap: cluster.bootstrap,
    brokers: cluster.brokers,
    coordinators: cluster.coordinators,
    etcd: cluster.etcd,
    network,
    clocks,
    dataDirectory: (broker) => join(directory, broker),
    logs: () => readdirSync(folder).map((file) => [basename(file, '.log'), readFileSync(join(folder, file), 'utf8')] as const),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** Each process in a namespace of its own where there is a network, and by a clock of its own where there are clocks. */
async function placesOf(
  shape: ClusterShape,
  network: Network | undefined,
  clocks: WallClocks | undefined,
): Promise<ReadonlyMap<string, MemberPlace>> {
  const services = [...numbered('coordinator', shape.coordinators), ...numbered('broker', shape.brokers)];
  const places = new Map<string, MemberPlace>();
  for (const name of [...numbered('etcd', shape.etcd), ...services]) {
    const node = await network?.addNode(name);
    // etcd is linked statically: no library changes what it takes for the time.
    const clock = services.includes(name) ? clocks : undefined;
    places.set(name, {
      ...(node === undefined ? {} : { host: node.address }),
      inside(command) {
        const timed = clock?.inside(name, command) ?? command;
        return node?.inside(timed.command, timed.arguments) ?? timed;
      },
    });
  }
  return places;
}

function numbered(kind: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${kind}-${index + 1}`);
}
