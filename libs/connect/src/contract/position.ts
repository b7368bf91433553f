import type { JsonObject } from '../data/json-value.ts';

/** Where a source stands in one part of what it reads. Both are the connector's own; compared as canonical JSON. */
export interface SourcePosition {
  /** Which part: a file, a table, a shard. */
  readonly partition: JsonObject;
  /** How far; null forgets the position. */
  readonly offset: JsonObject | null;
}

/** A partition of a topic, by names. */
export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** Where a sink wants a partition to be read from: this offset is the first record. */
export interface StartOffset extends TopicPartition {
  readonly offset: number;
}

/** Everything before `offset` is durable in the target: what the group commits. */
export interface CommittableOffset extends TopicPartition {
  readonly offset: number;
}
