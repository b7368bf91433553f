import { shardKindOf, shardTopic } from '@moldau/cluster';
import { MoldauError } from '@moldau/kernel';
import type { ShardKind } from '@moldau/protocol';
import type { ClusterState } from '../metadata/cluster-state.ts';
import type { Partition } from './partition.ts';
import type { PartitionLocator } from './partition-locator.ts';

/** What names the partition of a shard. */
export interface ShardPlace {
  readonly kind: ShardKind;
  /** Index of the partition, too. */
  readonly shard: number;
}

/**
 * The replica here of the partition that holds a shard.
 *
 * @throws MoldauError INVALID_REQUEST, UNKNOWN_TOPIC, UNKNOWN_PARTITION, NOT_LEADER
 */
export function findShard({ kind, shard }: ShardPlace, cluster: ClusterState, locator: PartitionLocator): Partition {
  const name = shardKindOf(kind);
  const topic = shardTopic(cluster.image, name);
  if (topic === undefined)
    throw new MoldauError('UNKNOWN_TOPIC', `no topic holds shards of ${name}`, { kind: name, partition: String(shard) });
  return locator.locateAny(topic.topicId, shard);
}
