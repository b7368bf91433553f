import { setTimeout as sleep } from 'node:timers/promises';
import type { ChaosProcess } from '../cluster/chaos-cluster.ts';
import { during, type Fault, killed, paused } from '../nemesis/fault.ts';
import { progress } from '../run/progress.ts';
import { changeMetadata } from './metadata-change.ts';
import { REPLICATED, type RoundContext, type Scenario } from './scenario.ts';

/** Longer than sessions and leases; the longer one is that of the design's list. */
const OUTAGE_MS = 20_000;
const LONG_OUTAGE_MS = 60_000;
/** How often it is looked whether records still get through. */
const LOOK_MS = 1_000;

/** One of three etcd servers is away, or two, which is the end of the quorum: records go on, metadata waits and then changes again. */
export const loseEtcd: Scenario = {
  name: 'T07',
  title: 'etcd loses a server, or its quorum, for longer than any session',
  needs: { ...REPLICATED, etcd: 3 },
  rounds: 4,
  async round(context): Promise<void> {
    const { recorder, round, long } = context;
    await during(recorder, outage(context), async () => {
      const until = performance.now() + (long ? LONG_OUTAGE_MS : OUTAGE_MS);
      while (performance.now() < until) {
        const lookedAt = performance.now();
        await progress(() => recorder.count('ok'));
        context.figure('quietMsMax', performance.now() - lookedAt);
        await sleep(LOOK_MS);
      }
    });
    await changeMetadata(context, `t07-${round}`);
  },
};

function outage({ cluster, random, round }: RoundContext): Fault {
  const [first, second] = random.shuffle(cluster.etcd);
  const targets = [first, second].filter((each): each is ChaosProcess => each !== undefined).slice(0, round % 4 < 2 ? 2 : 1);
  return round % 2 === 0 ? killed(targets) : paused(targets);
}
