import { setTimeout as sleep } from 'node:timers/promises';
import type { ChaosProcess } from '../cluster/chaos-cluster.ts';
import { during, type Fault } from '../nemesis/fault.ts';
import { cutOff, cutWays } from '../nemesis/network-faults.ts';
import { leaderOf } from './leaders.ts';
import { REPLICATED, type RoundContext, type Scenario } from './scenario.ts';

/** Longer and shorter than sessions, leases and the time in which a follower must have caught up. */
const CUT_MS = { min: 2_000, max: 14_000 };

/** The leader is cut off, from its followers, from the coordinators, from all, or hears without being heard; clients still reach it. */
export const isolateLeader: Scenario = {
  name: 'T02',
  title: 'the leader is cut off from followers, from coordinators, from all',
  needs: { ...REPLICATED, network: 'needed' },
  rounds: 8,
  async round(context): Promise<void> {
    const { recorder, random, partitions } = context;
    const leader = await leaderOf(context, random.below(partitions));
    await during(recorder, isolation(context, leader), () => sleep(random.between(CUT_MS.min, CUT_MS.max)));
  },
};

function isolation({ cluster, round }: RoundContext, leader: ChaosProcess): Fault {
  const { brokers, coordinators, etcd } = cluster;
  const all = [...brokers, ...coordinators, ...etcd];
  switch (round % 4) {
    case 0:
      return cutOff(cluster, 'cut-off-from-followers', leader, brokers);
    case 1:
      return cutOff(cluster, 'cut-off-from-coordinators', leader, [...coordinators, ...etcd]);
    case 2:
      return cutOff(cluster, 'cut-off-from-all', leader, all);
    default:
      return cutWays(
        cluster,
        'heard-by-nobody',
        all.filter((other) => other !== leader).map(({ name }) => [leader.name, name] as const),
      );
  }
}
