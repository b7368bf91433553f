import { isInternalName, MoldauError, type Namespace, parseTopicName, type Random, type TopicId, type TopicName } from '@moldau/kernel';
import { TopicNameRecord } from '@moldau/protocol';
import { clusterValue, type StaticConfigs } from '../config/describe-configs.ts';
import { invalidConfig } from '../config/setting.ts';
import { topicConfigProblems } from '../config/topic-config.ts';
import { type MetadataImage, topicByName } from '../image/metadata-image.ts';
import { configKey, topicKey, topicNameKey } from '../image/metadata-keys.ts';
import { encodeConfig, encodeTopic } from '../image/record-codec.ts';
import { newPartitionWrites, partitionSettings } from './partition-writes.ts';
import { placeableBrokers, REPLICATION_FACTOR_MAX, tooFewBrokers } from './place-replicas.ts';
import { type RecordWrite, WRITES_PER_TRANSACTION_MAX } from './record-write.ts';

export const PARTITIONS_MAX = 10_000;

export interface NewTopicRequest {
  readonly namespace: Namespace;
  readonly name: string;
  /** Undefined: the cluster's num.partitions. */
  readonly partitions: number | undefined;
  /** Undefined: the cluster's default.replication.factor. */
  readonly replicationFactor: number | undefined;
  readonly configs: ReadonlyMap<string, string>;
  /** Moldau keeps its own state there: the name may begin with two underscores. */
  readonly internal: boolean;
}

export interface TopicContext {
  readonly topicId: TopicId;
  readonly wallMs: number;
  readonly random: Random;
  readonly fixed: StaticConfigs;
}

export interface NewTopicPlan {
  readonly name: TopicName;
  readonly partitions: number;
  readonly replicationFactor: number;
  /** The first transaction; after it `topicProgress` says what is left. */
  readonly writes: readonly RecordWrite[];
}

/** Records of a topic beside its partitions: itself, its name, its settings. */
const RECORDS_BESIDE_PARTITIONS = 3;

/**
 * Checks a new topic and says how its creation begins. A topic whose partitions fit into one transaction is active after it;
 * a larger one is CREATING first.
 * @throws MoldauError INVALID_TOPIC_NAME, TOPIC_EXISTS, INVALID_PARTITIONS, INVALID_REPLICATION_FACTOR, INVALID_CONFIG
 */
export function createTopic(image: MetadataImage, request: NewTopicRequest, context: TopicContext): NewTopicPlan {
  const { namespace, internal, configs } = request;
  const { topicId, fixed } = context;
  const name = checkName(image, request);
  const partitions = checkPartitions(request.partitions ?? Number(clusterValue(image, 'num.partitions', fixed)));
  const replicationFactor = request.replicationFactor ?? Number(clusterValue(image, 'default.replication.factor', fixed));
  checkReplicationFactor(image, replicationFactor);
  const problems = topicConfigProblems(configs, replicationFactor);
  if (problems.length > 0) throw invalidConfig(problems);

  const atOnce = partitions + RECORDS_BESIDE_PARTITIONS <= WRITES_PER_TRANSACTION_MAX;
  const fields = { topicId, namespace, name, replicationFactor, internal, createdAtMs: context.wallMs, readyPartitions: 0 };
  const topic = encodeTopic({ ...fields, state: atOnce ? 'active' : 'creating', partitionCount: partitions }, undefined);
  const writes: RecordWrite[] = [
    { key: topicKey(topicId), value: topic, expected: 'absent' },
    { key: topicNameKey(namespace, name), value: TopicNameRecord.encode({ topicId }).finish(), expected: 'absent' },
  ];
  if (configs.size > 0)
    writes.push({ key: configKey({ kind: 'topic', topicId }), value: encodeConfig(configs, undefined), expected: 'absent' });
  if (atOnce) {
    const settings = partitionSettings(image, configs, replicationFactor, fixed);
    writes.push(...newPartitionWrites(image, { topicId, replicationFactor }, range(0, partitions), settings, context.random));
  }
  return { name, partitions, replicationFactor, writes };
}

/** @throws MoldauError INVALID_PARTITIONS */
export function checkPartitions(partitions: number): number {
  if (Number.isInteger(partitions) && partitions >= 1 && partitions <= PARTITIONS_MAX) return partitions;
  const facts = { partitions: String(partitions), limit: String(PARTITIONS_MAX) };
  throw new MoldauError('INVALID_PARTITIONS', `${partitions} partitions: 1 to ${PARTITIONS_MAX} are allowed`, facts);
}

function checkName(image: MetadataImage, { namespace, name, internal }: NewTopicRequest): TopicName {
  const parsed = parseTopicName(name);
  if (isInternalName(parsed) && !internal) {
    const facts = { name, limit: 'two leading underscores are internal' };
    throw new MoldauError('INVALID_TOPIC_NAME', `topic name '${name}': names that begin with two underscores are Moldau's own`, facts);
  }
  const existing = topicByName(image, namespace, parsed);
  if (existing !== undefined) {
    throw new MoldauError('TOPIC_EXISTS', `topic '${name}' exists in namespace '${namespace}'`, {
      name,
      namespace,
      topic_id: existing.topicId,
    });
  }
  return parsed;
}

function checkReplicationFactor(image: MetadataImage, replicationFactor: number): void {
  if (!Number.isInteger(replicationFactor) || replicationFactor < 1 || replicationFactor > REPLICATION_FACTOR_MAX) {
    const facts = { replication_factor: String(replicationFactor), limit: String(REPLICATION_FACTOR_MAX) };
    throw new MoldauError(
      'INVALID_REPLICATION_FACTOR',
      `replication factor ${replicationFactor}: 1 to ${REPLICATION_FACTOR_MAX} are allowed`,
      facts,
    );
  }
  const available = placeableBrokers(image).length;
  if (available < replicationFactor) throw tooFewBrokers(replicationFactor, available);
}

export function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}
