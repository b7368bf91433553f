import { setTimeout as sleep } from 'node:timers/promises';
import type { SeededRandom } from '@moldau/testkit';
import type { ChaosCluster, ChaosProcess } from '../cluster/chaos-cluster.ts';
import { slowDisk } from '../nemesis/disk-faults.ts';
import { type Fault, killed, paused, stopped, together } from '../nemesis/fault.ts';
import { cutOff, randomPartition } from '../nemesis/network-faults.ts';
import { planSchedule, runSchedule } from '../nemesis/schedule.ts';
import { whyNoStrace } from '../nemesis/strace.ts';
import { REPLICATED, type Scenario } from './scenario.ts';

const KINDS = [
  ...['kill', 'stop', 'pause', 'slow-disk', 'kill-coordinator', 'pause-coordinator', 'lose-etcd'],
  ...['partition', 'isolate', 'partition-and-kill', 'nothing'],
] as const;
type Kind = (typeof KINDS)[number];

const NETWORK_KINDS: readonly string[] = ['partition', 'isolate', 'partition-and-kill'];
const FAULTS_PER_ROUND = 5;
const QUIET_MS = { min: 100, max: 3_000 };
/** Shorter and longer than sessions and leases. */
const FAULT_MS = { min: 100, max: 7_000 };
const SYNC_DELAY_MS = { min: 20, max: 500 };

/** Processes of every kind are hurt in all ways, in an order and for times that follow from the seed (Jepsen's mix). */
export const mixedFaults: Scenario = {
  name: 'T19b',
  title: 'kills, stops, pauses, partitions and slow disks at random',
  needs: { ...REPLICATED, network: 'used' },
  rounds: 10,
  async round({ cluster, recorder, random }): Promise<void> {
    const noStrace = (await whyNoStrace()) !== undefined;
    const possible = (kind: string): boolean =>
      !(noStrace && kind === 'slow-disk') && !(cluster.network === undefined && NETWORK_KINDS.includes(kind));
    const kinds = KINDS.filter(possible);
    const schedule = planSchedule(random, { kinds, count: FAULTS_PER_ROUND, quietMs: QUIET_MS, faultMs: FAULT_MS });
    await runSchedule(schedule, (kind) => faultOf(kind, cluster, random), { recorder, sleep });
  },
};

function faultOf(kind: Kind, cluster: ChaosCluster, random: SeededRandom): Fault {
  const { brokers, coordinators, etcd } = cluster;
  const broker = random.pick(brokers);
  switch (kind) {
    case 'kill':
      return killed(some(random, brokers));
    case 'stop':
      return stopped([broker]);
    case 'pause':
      return paused(some(random, brokers));
    case 'slow-disk':
      return slowDisk(broker, random.between(SYNC_DELAY_MS.min, SYNC_DELAY_MS.max));
    case 'kill-coordinator':
      return killed(some(random, coordinators));
    case 'pause-coordinator':
      return paused(some(random, coordinators));
    case 'lose-etcd':
      return random.chance(0.5) ? killed(etcd) : paused(etcd);
    case 'partition':
      return randomPartition(cluster, random);
    case 'isolate':
      return cutOff(cluster, 'isolate', broker, [...brokers, ...coordinators, ...etcd]);
    case 'partition-and-kill':
      return together(killed([broker]), randomPartition(cluster, random));
    case 'nothing':
      return { name: 'nothing', targets: [], begin: async () => {}, end: async () => {} };
  }
}

function some(random: SeededRandom, processes: readonly ChaosProcess[]): readonly ChaosProcess[] {
  return random.shuffle(processes).slice(0, random.between(1, processes.length));
}
