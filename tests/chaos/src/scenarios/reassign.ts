import { setTimeout as sleep } from 'node:timers/promises';
import { during, type Fault, killed, paused } from '../nemesis/fault.ts';
import { cutOff } from '../nemesis/network-faults.ts';
import { eventually } from '../run/progress.ts';
import { controllerOf, leaderOf, placementOf } from './leaders.ts';
import { REPLICATED, type RoundContext, type Scenario } from './scenario.ts';

const FAULT_MS = { min: 500, max: 8_000 };

/** A replica is taken away and added again while the leader is killed, cut off or paused, or the controller is (Redpanda's reconfigure). */
export const reassign: Scenario = {
  name: 'T08',
  title: 'a replica is removed and added again among kills and partitions',
  needs: { ...REPLICATED, network: 'used' },
  rounds: 6,
  async round(context): Promise<void> {
    const { recorder, random, partitions } = context;
    const partition = random.below(partitions);
    const { replicaIds } = await placementOf(context, partition);
    const removed = random.pick(replicaIds);
    await move(
      context,
      partition,
      replicaIds.filter((id) => id !== removed),
    );
    await during(recorder, await disturbance(context, partition), async () => {
      await sleep(random.below(FAULT_MS.min));
      await move(context, partition, random.shuffle(replicaIds));
      await sleep(random.between(FAULT_MS.min, FAULT_MS.max));
    });
    await eventually(async () => {
      const { inSyncReplicaIds, addingIds, removingIds } = await placementOf(context, partition);
      return inSyncReplicaIds.length === replicaIds.length && addingIds.length + removingIds.length === 0;
    }, `partition ${partition} did not get its replicas back`);
  },
};

async function disturbance(context: RoundContext, partition: number): Promise<Fault> {
  const { cluster, random, round } = context;
  const leader = await leaderOf(context, partition);
  const all = [...cluster.brokers, ...cluster.coordinators, ...cluster.etcd];
  switch (round % 4) {
    case 0:
      return killed([leader]);
    case 1:
      return cluster.network === undefined ? paused([leader]) : cutOff(cluster, 'cut-off-from-all', leader, all);
    case 2:
      return killed([random.pick(cluster.brokers.filter((broker) => broker !== leader))]);
    default:
      return paused([await controllerOf(context)]);
  }
}

/** Records where the replicas shall be; asked again until that is known, whatever became of the answers. */
async function move(context: RoundContext, partition: number, replicas: readonly number[]): Promise<void> {
  const { moldau, topic } = context;
  let last: unknown;
  await eventually(
    async () => {
      const [outcome] = await moldau.admin().reassignPartitions([{ topic, partition, replicas }], { timeoutMs: 10_000 });
      last = outcome?.error;
      return last === undefined;
    },
    `partition ${partition} can’t be moved to ${replicas.join()}: ${String(last)}`,
  );
}
