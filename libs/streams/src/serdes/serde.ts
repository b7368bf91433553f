import type { Serde } from '@moldau/client/serdes';

/** The bytes by which a key's partition is chosen, where they are not all of it. */
export interface KeySerde<K> extends Serde<K> {
  partitionBytes?(bytes: Uint8Array): Uint8Array;
}

/** The formats of a topic's keys and values. */
export interface TopicSerdes<K, V> {
  readonly key: Serde<K>;
  readonly value: Serde<V>;
}
