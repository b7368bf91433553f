import { setTimeout as sleep } from 'node:timers/promises';
import { during, killed, paused } from '../nemesis/fault.ts';
import { progress } from '../run/progress.ts';
import { changeMetadata } from './metadata-change.ts';
import type { Scenario } from './scenario.ts';

/** Longer than sessions and leases. */
const OUTAGE_MS = 20_000;
/** How often it is looked whether records still get through. */
const LOOK_MS = 1_000;

/** etcd is away, killed or paused by turns: records go on, metadata waits and then changes again. */
export const loseEtcd: Scenario = {
  name: 'T07',
  title: 'etcd is away for longer than any session',
  needs: { brokers: 1, coordinators: 2, etcd: 1 },
  rounds: 4,
  async round(context): Promise<void> {
    const { cluster, recorder, round } = context;
    const away = round % 2 === 0 ? killed(cluster.etcd) : paused(cluster.etcd);
    await during(recorder, away, async () => {
      const until = performance.now() + OUTAGE_MS;
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
