import { setTimeout as sleep } from 'node:timers/promises';
import { during, paused } from '../nemesis/fault.ts';
import { leaderOf } from './leaders.ts';
import { REPLICATED, type Scenario } from './scenario.ts';

const UPTIME_MS = { min: 100, max: 800 };
/** From a moment to longer than a session of default length. */
const PAUSE_MS = { min: 200, max: 12_000 };

/** The leader is paused, with batches under way, and wakes up as if nothing had been (Redpanda's pause_leader). */
export const pauseLeader: Scenario = {
  name: 'T03',
  title: 'the leader is paused and wakes up',
  needs: REPLICATED,
  rounds: 6,
  async round(context): Promise<void> {
    const { recorder, random, partitions } = context;
    await sleep(random.between(UPTIME_MS.min, UPTIME_MS.max));
    const leader = await leaderOf(context, random.below(partitions));
    await during(recorder, paused([leader]), () => sleep(random.between(PAUSE_MS.min, PAUSE_MS.max)));
  },
};
