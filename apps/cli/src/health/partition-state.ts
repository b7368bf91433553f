import type { Admin, DescribedPartition, DescribedTopic } from '@moldau/client';

/** A partition with what tells its health. */
export interface PartitionState {
  readonly topic: string;
  readonly partition: number;
  /** Null while there is none. */
  readonly leader: number | null;
  readonly leaderEpoch: number;
  /** The preferred leader first. */
  readonly replicas: readonly number[];
  readonly inSyncReplicas: readonly number[];
  /** Fewest in-sync replicas for acks=all: the smaller of min.insync.replicas and the number of replicas. */
  readonly minInSyncReplicas: number;
}

/** Topics asked about in one request; the server's limit is 1,000. */
const TOPICS_PER_REQUEST = 200;
const MIN_ISR_SETTING = 'min.insync.replicas';

/** The partitions of all topics of the namespace, Moldau's own among them. */
export async function readAllPartitions(admin: Admin): Promise<readonly PartitionState[]> {
  const names: string[] = [];
  for await (const { name } of admin.listTopics({ includeInternal: true })) names.push(name);
  const states: PartitionState[] = [];
  for (let from = 0; from < names.length; from += TOPICS_PER_REQUEST) {
    const topics = await describe(admin, names.slice(from, from + TOPICS_PER_REQUEST));
    // One that is being deleted meanwhile has no partitions to be well or ill.
    states.push(...topics.filter(({ error }) => error?.reason !== 'UNKNOWN_TOPIC').flatMap(statesOf));
  }
  return states;
}

/** The partitions of these topics. @throws MoldauError of the first topic that can't be described */
export async function readPartitions(admin: Admin, names: readonly string[]): Promise<readonly PartitionState[]> {
  return (await describe(admin, names)).flatMap(statesOf);
}

interface Topic extends DescribedTopic {
  readonly minInSyncReplicas: number;
}

async function describe(admin: Admin, names: readonly string[]): Promise<readonly Topic[]> {
  const [topics, configs] = await Promise.all([admin.describeTopics(names), admin.describeConfigs(names.map((topic) => ({ topic })))]);
  return topics.map((topic, index) => {
    const minimum = configs[index]?.entries.find(({ name }) => name === MIN_ISR_SETTING)?.value;
    return { ...topic, minInSyncReplicas: Number(minimum ?? 1) };
  });
}

function statesOf({ name, error, partitions, minInSyncReplicas }: Topic): readonly PartitionState[] {
  if (error !== undefined) throw error;
  return partitions.map((partition) => stateOf(name, partition, minInSyncReplicas));
}

function stateOf(topic: string, partition: DescribedPartition, minInSyncReplicas: number): PartitionState {
  return {
    topic,
    partition: partition.partition,
    leader: partition.leaderId ?? null,
    leaderEpoch: partition.leaderEpoch,
    replicas: partition.replicaIds,
    inSyncReplicas: partition.inSyncReplicaIds,
    minInSyncReplicas: Math.min(minInSyncReplicas, partition.replicaIds.length),
  };
}
