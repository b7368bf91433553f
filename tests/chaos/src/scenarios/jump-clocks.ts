import { setTimeout as sleep } from 'node:timers/promises';
import { clockJump } from '../nemesis/clock-jump.ts';
import { during, killed } from '../nemesis/fault.ts';
import { leaderOf } from './leaders.ts';
import { REPLICATED, type Scenario } from './scenario.ts';

const JUMP_S = 3_600;
const FAULT_MS = { min: 1_000, max: 5_000 };

/** Wall clocks jump by up to an hour, back and forth, around an election: sessions and leases go by monotonic time. */
export const jumpClocks: Scenario = {
  name: 'T28',
  title: 'wall clocks jump by up to an hour during an election',
  needs: { ...REPLICATED, clocks: true },
  rounds: 5,
  async round(context): Promise<void> {
    const { cluster, recorder, random, partitions } = context;
    const all = random.shuffle([...cluster.brokers, ...cluster.coordinators]);
    const targets = all.slice(0, random.between(1, all.length));
    const leader = await leaderOf(context, random.below(partitions));
    const jump = clockJump(cluster, targets, random.between(-JUMP_S, JUMP_S));
    await during(recorder, jump, async () => {
      await sleep(random.between(FAULT_MS.min, FAULT_MS.max));
      await during(recorder, killed([leader]), () => sleep(random.between(FAULT_MS.min, FAULT_MS.max)));
    });
  },
};
