import type { Admin } from '@moldau/client';
import { MoldauError } from '@moldau/kernel';
import { type InternalTopic, planTopology, type Topology, type TopologyPlan } from '@moldau/streams';

/** Changelogs of windows are kept a day longer than the windows: brokers' clocks and retention are not exact. */
const RETENTION_MARGIN_MS = 86_400_000;
/** Read and deleted by time only: an application that is away longer loses what waits. 7 days, as the brokers' own default. */
const REPARTITION_RETENTION_MS = 604_800_000;

export interface PreparedTopology {
  readonly plan: TopologyPlan;
  /** Partitions of every topic that the application reads or writes by name. */
  readonly partitions: ReadonlyMap<string, number>;
}

/**
 * Plans the topology over the cluster's topics, and makes those that the application needs for itself.
 *
 * @throws MoldauError INVALID_TOPOLOGY, CO_PARTITION_MISMATCH also where an internal topic has another number of partitions
 */
export async function prepareTopics(admin: Admin, topology: Topology, application: string): Promise<PreparedTopology> {
  const operators = topology.subTopologies.flatMap((part) => part.operators);
  const named = operators.flatMap((operator) => {
    if (operator.kind === 'source') return operator.topics;
    return operator.kind === 'sink' && typeof operator.topic !== 'function' ? [operator.topic] : [];
  });
  const names = [...named.filter(({ internal }) => !internal).map(({ name }) => name), ...topology.globals.map(({ topic }) => topic)];
  const partitions = await countPartitions(admin, [...new Set(names)]);
  const plan = planTopology(topology, application, (topic) => partitions.get(topic));
  await createInternal(admin, application, plan.internalTopics);
  for (const { name, partitions: count } of plan.internalTopics) partitions.set(name, count);
  return { plan, partitions };
}

async function countPartitions(admin: Admin, names: readonly string[]): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  if (names.length === 0) return counts;
  for (const { name, partitions, error } of await admin.describeTopics(names)) {
    if (error === undefined) counts.set(name, partitions.length);
    else if (error.reason !== 'UNKNOWN_TOPIC') throw error;
  }
  return counts;
}

async function createInternal(admin: Admin, application: string, topics: readonly InternalTopic[]): Promise<void> {
  if (topics.length === 0) return;
  const created = await admin.createTopics(
    topics.map((topic) => ({ name: topic.name, partitions: topic.partitions, configs: configsOf(topic) })),
  );
  for (const { error } of created) if (error !== undefined && error.reason !== 'TOPIC_EXISTS') throw error;
  const counts = await countPartitions(
    admin,
    topics.map(({ name }) => name),
  );
  for (const { name, partitions } of topics) {
    const found = counts.get(name);
    if (found === undefined || found === partitions) continue;
    throw new MoldauError(
      'INVALID_TOPOLOGY',
      `${name} of ${application} has ${found} partitions and the topology needs ${partitions}: reset the application, or give it another name`,
      { topic: name, value: String(found), limit: String(partitions) },
    );
  }
}

function configsOf({ cleanup, retentionMs }: InternalTopic): Readonly<Record<string, string>> {
  if (cleanup === 'compact') return { 'cleanup.policy': 'compact' };
  const kept = cleanup === 'delete' ? REPARTITION_RETENTION_MS : (retentionMs ?? 0) + RETENTION_MARGIN_MS;
  return { 'cleanup.policy': cleanup, 'retention.ms': String(kept) };
}
