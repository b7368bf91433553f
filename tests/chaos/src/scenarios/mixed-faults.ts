import { setTimeout as sleep } from 'node:timers/promises';
import type { ChaosProcess } from '../cluster/chaos-cluster.ts';
import { type Fault, killed, paused, stopped } from '../nemesis/fault.ts';
import { planSchedule, runSchedule } from '../nemesis/schedule.ts';
import { slowDisk, whyNoSlowDisk } from '../nemesis/slow-disk.ts';
import type { Scenario } from './scenario.ts';

const KINDS = ['kill', 'stop', 'pause', 'slow-disk'] as const;
const FAULTS_PER_ROUND = 4;
const QUIET_MS = { min: 100, max: 2_000 };
const FAULT_MS = { min: 100, max: 4_000 };
const SYNC_DELAY_MS = { min: 20, max: 500 };

/** Brokers are hurt in all ways, in an order and for times that follow from the seed. */
export const mixedFaults: Scenario = {
  name: 'T19b',
  title: 'kills, stops, pauses and slow disks of brokers at random',
  needs: { brokers: 1, coordinators: 0, etcd: 0 },
  rounds: 10,
  async round({ cluster, recorder, random }): Promise<void> {
    const kinds = (await whyNoSlowDisk()) === undefined ? KINDS : KINDS.filter((kind) => kind !== 'slow-disk');
    const schedule = planSchedule(random, { kinds, count: FAULTS_PER_ROUND, quietMs: QUIET_MS, faultMs: FAULT_MS });
    const create = (kind: (typeof KINDS)[number]): Fault =>
      faultOf(kind, random.pick(cluster.brokers), random.between(SYNC_DELAY_MS.min, SYNC_DELAY_MS.max));
    await runSchedule(schedule, create, { recorder, sleep });
  },
};

function faultOf(kind: (typeof KINDS)[number], broker: ChaosProcess, syncDelayMs: number): Fault {
  switch (kind) {
    case 'kill':
      return killed([broker]);
    case 'stop':
      return stopped([broker]);
    case 'pause':
      return paused([broker]);
    case 'slow-disk':
      return slowDisk(broker, syncDelayMs);
  }
}
