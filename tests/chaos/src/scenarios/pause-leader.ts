import { setTimeout as sleep } from 'node:timers/promises';
import { during, paused } from '../nemesis/fault.ts';
import { leaderOf } from './leaders.ts';
import type { Scenario } from './scenario.ts';

const UPTIME_MS = { min: 100, max: 800 };
/** From a moment to longer than a session of default length. */
const PAUSE_MS = { min: 200, max: 12_000 };

/** The leader is paused, with batches under way, and wakes up as if nothing had been (Redpanda's pause_leader). */
export const pauseLeader: Scenario = {
  name: 'T03',
  title: 'the leader is paused and wakes up',
  needs: { brokers: 1, coordinators: 0, etcd: 0 },
  rounds: 20,
  async round(context): Promise<void> {
    const { recorder, random } = context;
    await sleep(random.between(UPTIME_MS.min, UPTIME_MS.max));
    const leader = await leaderOf(context, 0);
    await during(recorder, paused([leader]), () => sleep(random.between(PAUSE_MS.min, PAUSE_MS.max)));
  },
};
