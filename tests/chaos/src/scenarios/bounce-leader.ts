import { setTimeout as sleep } from 'node:timers/promises';
import { during, killed, stopped } from '../nemesis/fault.ts';
import { leaderOf } from './leaders.ts';
import type { Scenario } from './scenario.ts';

const UPTIME_MS = { min: 100, max: 800 };

/** The leader is stopped or killed and started again, by turns, whoever it is by now (Kafka's replication_test). */
export const bounceLeader: Scenario = {
  name: 'T01',
  title: 'clean and hard bounces of the leader under load',
  needs: { brokers: 1, coordinators: 0, etcd: 0 },
  rounds: 20,
  async round(context): Promise<void> {
    const { recorder, random, round } = context;
    await sleep(random.between(UPTIME_MS.min, UPTIME_MS.max));
    const leader = await leaderOf(context, 0);
    const startedAt = performance.now();
    await during(recorder, round % 2 === 0 ? stopped([leader]) : killed([leader]), async () => {});
    context.figure(round % 2 === 0 ? 'cleanBounceMsMax' : 'hardBounceMsMax', performance.now() - startedAt);
  },
};
