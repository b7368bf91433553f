import { type Moldau, MoldauError, type NewTopicInput } from '@moldau/client';
import { SLOT_COUNT, type WorkerClusterNames } from '../../core/names.ts';

export const OFFSETS_PARTITIONS = 25;
const STATUS_PARTITIONS = 5;
/** Of the workers' group: a dead worker's slots go to others soon. Beats come each third of it. */
const SESSION_TIMEOUT_MS = 4_500;
const HEARTBEAT_INTERVAL_MS = 1_500;

/** Makes the topics of a worker cluster, where they are not there, and sets how fast its group notices a death. */
export async function ensureTopics(moldau: Moldau, names: WorkerClusterNames, replicationFactor: number | undefined): Promise<void> {
  const compacted = { 'cleanup.policy': 'compact' };
  const replicas = replicationFactor === undefined ? {} : { replicationFactor };
  const wanted: readonly NewTopicInput[] = [
    { name: names.configs, partitions: 1, configs: compacted, ...replicas },
    { name: names.offsets, partitions: OFFSETS_PARTITIONS, configs: compacted, ...replicas },
    { name: names.status, partitions: STATUS_PARTITIONS, configs: compacted, ...replicas },
    { name: names.slots, partitions: SLOT_COUNT, ...replicas },
  ];
  const admin = moldau.admin();
  for (const { error } of await admin.createTopics(wanted)) {
    if (error !== undefined && error.reason !== 'TOPIC_EXISTS') throw error;
  }
  await assertPartitions(moldau, wanted);
  const changes = [
    { name: 'session.timeout.ms', value: String(SESSION_TIMEOUT_MS) },
    { name: 'heartbeat.interval.ms', value: String(HEARTBEAT_INTERVAL_MS) },
  ];
  for (const { error } of await admin.alterConfigs([{ resource: { group: names.group }, changes }])) if (error !== undefined) throw error;
}

/** Somebody else may have made them by hand: slots and offsets are found by the number of partitions. */
async function assertPartitions(moldau: Moldau, wanted: readonly NewTopicInput[]): Promise<void> {
  const described = await moldau.admin().describeTopics(wanted.map(({ name }) => name));
  for (const [index, topic] of described.entries()) {
    if (topic.error !== undefined) throw topic.error;
    const expected = wanted[index]?.partitions;
    const found = topic.partitions.length;
    if (found === expected) continue;
    const message = `topic '${topic.name}' has ${found} partitions; a worker cluster needs ${expected}`;
    throw new MoldauError('INVALID_CONFIG', message, { topic: topic.name, value: String(found), limit: String(expected) });
  }
}
