import { setTimeout as sleep } from 'node:timers/promises';
import type { ChaosProcess } from '../cluster/chaos-cluster.ts';
import { lostDisk } from '../nemesis/disk-faults.ts';
import { during, paused } from '../nemesis/fault.ts';
import { REPLICATED, type Scenario } from './scenario.ts';

const APART_MS = { min: 0, max: 1_500 };
const BOTH_MS = { min: 500, max: 6_000 };

/** One broker loses its disk while another is paused: one of three copies is gone, one is silent, and nothing acknowledged is lost. */
export const loseDisk: Scenario = {
  name: 'T21',
  title: 'a broker loses its disk while another is paused',
  needs: REPLICATED,
  rounds: 4,
  async round({ cluster, recorder, random, round }): Promise<void> {
    const [lost, silent] = random.shuffle(cluster.brokers) as [ChaosProcess, ChaosProcess];
    const faults = [lostDisk(cluster, lost), paused([silent])] as const;
    const [first, second] = round % 2 === 0 ? faults : [faults[1], faults[0]];
    const apartMs = random.between(APART_MS.min, APART_MS.max);
    const bothMs = random.between(BOTH_MS.min, BOTH_MS.max);
    // A pause that began second ends first, so that the empty broker finds somebody to learn from.
    await during(recorder, first, async () => {
      await sleep(apartMs);
      await during(recorder, second, () => sleep(bothMs));
    });
  },
};
