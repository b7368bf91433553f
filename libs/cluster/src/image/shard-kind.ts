import { DEFAULT_NAMESPACE, MoldauError, type TopicName } from '@moldau/kernel';
import { ShardKind } from '@moldau/protocol';
import { type MetadataImage, type TopicImage, topicByName } from './metadata-image.ts';

/** What a coordinator shard keeps the state of. */
export type ShardKindName = 'groups' | 'transactions';

/** All of them, in the order in which they are looked after. */
export const SHARD_KINDS: readonly ShardKindName[] = ['groups', 'transactions'];

/** Shards of each kind in a cluster that is made today, and in those that were made before there were any. */
export const SHARDS_DEFAULT = 16;

/**
 * Largest batch of an internal topic, in bytes: `max.message.bytes` may be no larger. An operation of a shard is one batch whatever its
 * size, as half of it must not come back after a crash; what clients and clocks can ask of one operation is bounded to stay below.
 */
export const SHARD_BATCH_BYTES_MAX = 32 * 1024 * 1024;

/** The internal topic whose partitions are the shards of a kind, in the namespace `default`. */
export const SHARD_TOPICS: Readonly<Record<ShardKindName, TopicName>> = {
  groups: '__groups' as TopicName,
  transactions: '__transactions' as TopicName,
};

const CODES: Readonly<Record<ShardKindName, ShardKind>> = { groups: ShardKind.GROUPS, transactions: ShardKind.TRANSACTIONS };

export function isShardKind(text: string): text is ShardKindName {
  return Object.hasOwn(CODES, text);
}

export function shardKindCode(kind: ShardKindName): ShardKind {
  return CODES[kind];
}

/** @throws MoldauError INVALID_REQUEST */
export function shardKindOf(code: ShardKind): ShardKindName {
  const kind = SHARD_KINDS.find((one) => CODES[one] === code);
  if (kind !== undefined) return kind;
  throw new MoldauError('INVALID_REQUEST', `no kind of shard has the code ${code}`, { field: 'kind', value: String(code) });
}

/** The internal topic of a kind; undefined while there is none. */
export function shardTopic(image: MetadataImage, kind: ShardKindName): TopicImage | undefined {
  return topicByName(image, DEFAULT_NAMESPACE, SHARD_TOPICS[kind]);
}
