import type { PartitionPlacement } from '@moldau/client';
import type { ChaosProcess } from '../cluster/chaos-cluster.ts';
import { eventually } from '../run/progress.ts';
import type { RoundContext } from './scenario.ts';

/** The broker that leads a partition, as soon as there is one. */
export async function leaderOf(context: RoundContext, partition: number): Promise<ChaosProcess> {
  const { cluster, moldau, topic } = context;
  let leader: ChaosProcess | undefined;
  await eventually(async () => {
    const [described] = await moldau.admin().describeTopics([topic]);
    const leaderId = described?.partitions.find((each) => each.partition === partition)?.leaderId;
    leader = cluster.brokers.find(({ name }) => name === `broker-${leaderId}`);
    return leader !== undefined;
  }, `${topic}-${partition} has no leader`);
  return leader as ChaosProcess;
}

/** A broker that does not lead the partition. */
export async function followerOf(context: RoundContext, partition: number): Promise<ChaosProcess> {
  const leader = await leaderOf(context, partition);
  return context.random.pick(context.cluster.brokers.filter((broker) => broker !== leader));
}

/** Who leads and who follows a partition. */
export async function placementOf({ moldau, topic }: RoundContext, partition: number): Promise<PartitionPlacement> {
  for await (const each of moldau.admin().describePartitions({ topics: [topic] })) if (each.partition === partition) return each;
  throw new Error(`${topic} has no partition ${partition}`);
}

/** The coordinator that is the controller, other than this one. */
export async function controllerOf({ cluster, moldau }: RoundContext, not?: ChaosProcess): Promise<ChaosProcess> {
  let controller: ChaosProcess | undefined;
  await eventually(
    async () => {
      const { coordinators } = await moldau.admin().describeCluster();
      const id = coordinators.find((each) => each.controller)?.coordinatorId;
      controller = cluster.coordinators.find(({ name }) => name === id);
      return controller !== undefined && controller.name !== not?.name;
    },
    `there is no controller${not === undefined ? '' : ` besides ${not.name}`}`,
  );
  return controller as ChaosProcess;
}
