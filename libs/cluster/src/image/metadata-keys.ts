import {
  type BrokerId,
  brokerId,
  type CoordinatorId,
  isUuid,
  type Namespace,
  type PartitionIndex,
  partitionIndex,
  type TopicId,
  type TopicName,
} from '@moldau/kernel';
import { isShardKind, type ShardKindName } from './shard-kind.ts';

/**
 * Names of the keys in the metadata store, below the cluster's prefix:
 *
 *     cluster                          ClusterRecord
 *     features                         FeaturesRecord
 *     controller                       ControllerRecord; on the controller's lease; its create revision is the controller epoch
 *     coordinators/<id>                CoordinatorRecord; on the instance's lease
 *     brokers/<id>                     BrokerRecord
 *     topics/<topic id>                TopicRecord
 *     topic-names/<namespace>/<name>   TopicNameRecord: makes a name unique, whatever else is under way
 *     partitions/<topic id>/<index>    PartitionRecord
 *     configs/topics/<topic id>        ConfigRecord
 *     configs/brokers/<id>             ConfigRecord
 *     configs/cluster                  ConfigRecord
 *     configs/groups/<namespace>/<group>  ConfigRecord; the group need not exist
 *     shards/<kind>/<index>            ShardRecord; kind is groups or transactions
 *     deleted-topics/<topic id>        DeletedTopicRecord
 *     namespaces/<namespace>           NamespaceRecord
 *     producer-ids                     ProducerIdsRecord
 */
export const CLUSTER_KEY = 'cluster';
export const FEATURES_KEY = 'features';
export const CONTROLLER_KEY = 'controller';
export const PRODUCER_IDS_KEY = 'producer-ids';
export const CLUSTER_CONFIG_KEY = 'configs/cluster';

/** The prefix of all keys of a cluster; `clusterName` is 1–63 characters of `[a-z0-9-]`. */
export function clusterPrefix(clusterName: string): string {
  return `/moldau/${clusterName}/`;
}

export function coordinatorKey(id: CoordinatorId): string {
  return `coordinators/${id}`;
}

export function brokerKey(id: BrokerId): string {
  return `brokers/${id}`;
}

export function topicKey(id: TopicId): string {
  return `topics/${id}`;
}

export function topicNameKey(namespace: Namespace, name: TopicName): string {
  return `topic-names/${namespace}/${name}`;
}

export function partitionRecordKey(id: TopicId, partition: PartitionIndex): string {
  return `partitions/${id}/${partition}`;
}

export function deletedTopicKey(id: TopicId): string {
  return `deleted-topics/${id}`;
}

/** What has settings. */
export type ConfigTarget =
  | { readonly kind: 'topic'; readonly topicId: TopicId }
  | { readonly kind: 'broker'; readonly brokerId: BrokerId }
  | { readonly kind: 'cluster' }
  | { readonly kind: 'group'; readonly namespace: Namespace; readonly groupId: string };

/** The key of the record that says who owns a shard. */
export function shardKey(kind: ShardKindName, shard: number): string {
  return `shards/${kind}/${shard}`;
}

export function configKey(target: ConfigTarget): string {
  switch (target.kind) {
    case 'topic':
      return `configs/topics/${target.topicId}`;
    case 'broker':
      return `configs/brokers/${target.brokerId}`;
    case 'cluster':
      return CLUSTER_CONFIG_KEY;
    case 'group':
      return `configs/groups/${target.namespace}/${target.groupId}`;
  }
}

/** What a key stands for; undefined for a key of a newer version or of somebody else, which is left alone. */
export type ParsedKey =
  | { readonly kind: 'cluster' | 'features' | 'controller' | 'producer-ids' }
  | { readonly kind: 'coordinator'; readonly coordinatorId: CoordinatorId }
  | { readonly kind: 'broker'; readonly brokerId: BrokerId }
  | { readonly kind: 'topic' | 'deleted-topic'; readonly topicId: TopicId }
  | { readonly kind: 'partition'; readonly topicId: TopicId; readonly partition: PartitionIndex }
  | { readonly kind: 'config'; readonly target: ConfigTarget }
  | { readonly kind: 'shard'; readonly shardKind: ShardKindName; readonly shard: number };

export function parseKey(key: string): ParsedKey | undefined {
  const [head = '', second = '', third, ...rest] = key.split('/');
  if (rest.length > 0) return parseGroupConfig(head, second, third, rest);
  if (third !== undefined) return parseThreeParts(head, second, third);
  switch (head) {
    case 'cluster':
    case 'features':
    case 'controller':
    case 'producer-ids':
      return second === '' ? { kind: head } : undefined;
    case 'coordinators':
      return second === '' ? undefined : { kind: 'coordinator', coordinatorId: second as CoordinatorId };
    case 'brokers':
      return isIndex(second) ? { kind: 'broker', brokerId: brokerId(Number(second)) } : undefined;
    case 'topics':
      return isUuid(second) ? { kind: 'topic', topicId: second as TopicId } : undefined;
    case 'deleted-topics':
      return isUuid(second) ? { kind: 'deleted-topic', topicId: second as TopicId } : undefined;
    case 'configs':
      return second === 'cluster' ? { kind: 'config', target: { kind: 'cluster' } } : undefined;
    default:
      return undefined;
  }
}

function parseThreeParts(head: string, second: string, third: string): ParsedKey | undefined {
  if (head === 'partitions' && isUuid(second) && isIndex(third)) {
    return { kind: 'partition', topicId: second as TopicId, partition: partitionIndex(Number(third)) };
  }
  if (head === 'shards' && isShardKind(second) && isIndex(third)) return { kind: 'shard', shardKind: second, shard: Number(third) };
  if (head !== 'configs') return undefined;
  if (second === 'topics' && isUuid(third)) return { kind: 'config', target: { kind: 'topic', topicId: third as TopicId } };
  if (second === 'brokers' && isIndex(third)) return { kind: 'config', target: { kind: 'broker', brokerId: brokerId(Number(third)) } };
  return undefined;
}

/** The name of a group has no slash: it obeys the rule for topics. */
function parseGroupConfig(head: string, second: string, namespace: string | undefined, rest: readonly string[]): ParsedKey | undefined {
  const [groupId] = rest;
  if (head !== 'configs' || second !== 'groups' || rest.length > 1 || !namespace || !groupId) return undefined;
  return { kind: 'config', target: { kind: 'group', namespace: namespace as Namespace, groupId } };
}

const INDEX_MAX = 0x7fff_ffff;

function isIndex(text: string): boolean {
  return /^\d{1,10}$/.test(text) && Number(text) <= INDEX_MAX;
}
