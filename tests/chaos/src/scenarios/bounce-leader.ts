import { setTimeout as sleep } from 'node:timers/promises';
import { during, killed, stopped } from '../nemesis/fault.ts';
import { leaderOf } from './leaders.ts';
import { REPLICATED, type Scenario } from './scenario.ts';

const UPTIME_MS = { min: 100, max: 800 };
const DOWN_MS = { min: 0, max: 3_000 };

/** The leader is stopped or killed and started again, by turns, whoever it is by now (Kafka's replication_test). */
export const bounceLeader: Scenario = {
  name: 'T01',
  title: 'clean and hard bounces of the leader under load',
  needs: REPLICATED,
  rounds: 6,
  async round(context): Promise<void> {
    const { recorder, random, round, partitions } = context;
    await sleep(random.between(UPTIME_MS.min, UPTIME_MS.max));
    const leader = await leaderOf(context, random.below(partitions));
    const downMs = random.between(DOWN_MS.min, DOWN_MS.max);
    await during(recorder, round % 2 === 0 ? stopped([leader]) : killed([leader]), () => sleep(downMs));
  },
};
