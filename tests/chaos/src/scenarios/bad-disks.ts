import { setTimeout as sleep } from 'node:timers/promises';
import { failedSyncs, fullDisk, slowDisk } from '../nemesis/disk-faults.ts';
import { during } from '../nemesis/fault.ts';
import { whyNoStrace } from '../nemesis/strace.ts';
import { progress } from '../run/progress.ts';
import { followerOf, leaderOf } from './leaders.ts';
import { REPLICATED, type RoundContext, type Scenario } from './scenario.ts';

const FAULT_MS = { min: 3_000, max: 9_000 };
const SYNC_DELAY_MS = { min: 300, max: 3_000 };
const SLOW_MS = 20_000;
const LOOK_MS = 200;
/** Small enough to be filled in a moment, large enough for all that a run writes. */
const DISK_MIB = 512;

type Victim = (context: RoundContext, partition: number) => ReturnType<typeof leaderOf>;

/** The leader and a follower by turns. */
const victimOf = (round: number): Victim => (round % 2 === 0 ? leaderOf : followerOf);

export const failSyncs: Scenario = {
  name: 'T22',
  title: 'fdatasync fails on the leader, or on a follower',
  needs: REPLICATED,
  rounds: 4,
  whyNot: whyNoStrace,
  async round(context): Promise<void> {
    const { recorder, random, round, partitions } = context;
    const victim = await victimOf(round)(context, random.below(partitions));
    await during(recorder, failedSyncs(victim), () => sleep(random.between(FAULT_MS.min, FAULT_MS.max)));
  },
};

export const fillDisk: Scenario = {
  name: 'T23',
  title: 'the disk of the leader, or of a follower, is full for a while',
  needs: { ...REPLICATED, diskMib: DISK_MIB },
  rounds: 4,
  async round(context): Promise<void> {
    const { cluster, recorder, random, round, partitions } = context;
    const victim = await victimOf(round)(context, random.below(partitions));
    await during(recorder, fullDisk(cluster, victim), () => sleep(random.between(FAULT_MS.min, FAULT_MS.max)));
  },
};

export const slowDisks: Scenario = {
  name: 'T27',
  title: 'the disk of the leader, or of a follower, is slow',
  needs: REPLICATED,
  rounds: 4,
  whyNot: whyNoStrace,
  async round(context): Promise<void> {
    const { recorder, random, round, partitions } = context;
    const victim = await victimOf(round)(context, random.below(partitions));
    const delayMs = random.between(SYNC_DELAY_MS.min, SYNC_DELAY_MS.max);
    await during(recorder, slowDisk(victim, delayMs), async () => {
      const until = performance.now() + SLOW_MS;
      while (performance.now() < until) {
        const lookedAt = performance.now();
        await progress(() => recorder.count('ok'));
        context.figure(round % 2 === 0 ? 'slowLeaderQuietMsMax' : 'slowFollowerQuietMsMax', performance.now() - lookedAt);
        await sleep(LOOK_MS);
      }
    });
  },
};
