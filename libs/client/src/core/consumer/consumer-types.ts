import type { Offset } from '@moldau/kernel';
import type { Deserializer } from '../serdes.ts';

/** A partition by its topic's name. */
export interface TopicPartitionName {
  readonly topic: string;
  readonly partition: number;
}

/**
 * Where to read from: the first record there is, only what comes from now on, an offset, or the first record at or after a
 * time (from now on, when none is that new). With the leader epoch of the record before the offset, reading fails with
 * LOG_TRUNCATED when the log has another record there by now (KIP-320).
 */
export type StartPosition =
  | 'earliest'
  | 'latest'
  | { readonly offset: number; readonly leaderEpoch?: number }
  | { readonly timestampMs: number };

/** What a consumer reads. */
export interface Assignment {
  readonly topic: string;
  /** Default: all partitions of the topic, also those added later (from their beginning). */
  readonly partition?: number;
  /** Default `earliest`. */
  readonly from?: StartPosition;
}

/** Which records of transactions are seen: all, or only those of committed ones. */
export type ConsumerIsolation = 'read_uncommitted' | 'read_committed';

/** What to do when a position lies outside the log, because retention has deleted what was there. */
export type OutOfRangePolicy = 'error' | 'earliest' | 'latest';

export interface ConsumerOptions<K, V> {
  readonly assignment: readonly Assignment[];
  /** Default `read_uncommitted`. */
  readonly isolation?: ConsumerIsolation;
  /** Bytes of batches kept ahead of the reader, as they come over the wire, 2 MiB … 2 GiB; default 16 MiB. */
  readonly prefetchBytes?: number;
  /** `stream`: brokers push within the prefetch limit. `poll`: one request after the other. Default `stream`. */
  readonly fetchMode?: 'stream' | 'poll';
  /** `poll` only: how long a broker may wait for `minBytes`, in ms, 0 … 60,000; default 500. */
  readonly maxWaitMs?: number;
  /** `poll` only: default 1. */
  readonly minBytes?: number;
  /** Default `error`. */
  readonly onOutOfRange?: OutOfRangePolicy;
  /** Whether each batch's checksum is verified; default true. */
  readonly checkCrc?: boolean;
  /** What one batch may decompress to, in bytes; default 32 MiB. */
  readonly maxDecompressedBytes?: number;
  /** Iteration ends once everything that was there when the consumer was made has been read. */
  readonly stopAtEnd?: boolean;
  /** Default: keys are bytes. */
  readonly keyDeserializer?: Deserializer<K>;
  /** Default: values are bytes. */
  readonly valueDeserializer?: Deserializer<V>;
  /** Aborting it closes the consumer, and iteration ends. */
  readonly signal?: AbortSignal;
}

/** An offset of a partition. */
export interface PartitionOffset extends TopicPartitionName {
  readonly offset: Offset;
}
