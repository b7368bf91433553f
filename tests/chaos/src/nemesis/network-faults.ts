import type { SeededRandom } from '@moldau/testkit';
import type { ChaosCluster, ChaosProcess } from '../cluster/chaos-cluster.ts';
import type { Fault } from './fault.ts';

/** A way between two processes that is cut, in one direction. */
export type CutWay = readonly [from: string, to: string];

/** Cuts ways between processes; the clients reach all of them still. Its end heals the whole network. */
export function cutWays(cluster: ChaosCluster, name: string, ways: readonly CutWay[]): Fault {
  const network = networkOf(cluster);
  return {
    name,
    targets: [...new Set(ways.flat())],
    async begin(): Promise<void> {
      for (const [from, to] of ways) await network.cut(from, to);
    },
    end: () => network.heal(),
  };
}

/** One process is cut off from these, in both directions. */
export function cutOff(cluster: ChaosCluster, name: string, one: ChaosProcess, others: readonly ChaosProcess[]): Fault {
  return cutWays(
    cluster,
    name,
    others.filter((other) => other !== one).flatMap((other) => bothWays(one, other)),
  );
}

/** Two random groups of processes, which need not be all of them, don't reach each other: both ways, or one. */
export function randomPartition(cluster: ChaosCluster, random: SeededRandom): Fault {
  const all = random.shuffle([...cluster.brokers, ...cluster.coordinators, ...cluster.etcd]);
  const size = random.between(1, all.length - 1);
  const [some, rest] = [all.slice(0, size), all.slice(size)];
  const others = random.chance(0.6) ? rest : rest.slice(0, random.between(1, rest.length));
  const both = random.chance(0.6);
  const ways = some.flatMap((one) => others.flatMap((other) => (both ? bothWays(one, other) : [[one.name, other.name] as const])));
  return cutWays(cluster, both ? 'partition' : 'one-way-partition', ways);
}

function bothWays(one: ChaosProcess, other: ChaosProcess): readonly CutWay[] {
  return [
    [one.name, other.name],
    [other.name, one.name],
  ];
}

function networkOf({ network }: ChaosCluster): NonNullable<ChaosCluster['network']> {
  if (network === undefined) throw new Error('the cluster runs on the loopback, which can’t be cut');
  return network;
}
