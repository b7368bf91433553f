import type { CompressionName, Offset } from '@moldau/kernel';
import type { Serializer } from '../serdes.ts';

/** A name and a value beside a record's own; names may repeat. A string is sent as UTF-8. */
export type HeaderInput = readonly [name: string, value: Uint8Array | string | null];

/** A record to send. */
export interface ProducerRecord<K, V> {
  readonly topic: string;
  /** Records with one key go to one partition. Default none. */
  readonly key?: K | null;
  /** Null on a compacted topic deletes the key. */
  readonly value: V | null;
  readonly headers?: readonly HeaderInput[];
  /** Milliseconds since the Unix epoch; default now. */
  readonly timestampMs?: number;
  /** Default: chosen by the partitioner. */
  readonly partition?: number;
}

/** Where a record ended up. */
export interface RecordMetadata {
  readonly topic: string;
  readonly partition: number;
  /** Undefined with `acks: 'none'`. */
  readonly offset: Offset | undefined;
  /** The record's own, or the broker's for topics with `message.timestamp.type=LogAppendTime`. */
  readonly timestampMs: number;
}

/** When a record counts as sent: flushed on all in-sync replicas, on the leader, or as soon as it is on its way. */
export type ProducerAcks = 'all' | 'leader' | 'none';

/** Chooses a partition, 0 … partitionCount−1, for a record as the caller gave it. */
export type Partitioner<K, V> = (record: ProducerRecord<K, V>, partitionCount: number) => number;

export interface ProducerOptions<K, V> {
  /** Default `all`. */
  readonly acks?: ProducerAcks;
  /** Retries never write a record twice, and never out of order; needs `acks: 'all'`, where it is the default. */
  readonly idempotent?: boolean;
  /** Default `none`. */
  readonly compression?: CompressionName;
  /**
   * How long a record may wait for others to share its batch, in ms, 0 … 300,000. Unset: not at all while nothing is on
   * its way to the partition's broker, else up to 5.
   */
  readonly lingerMs?: number;
  /** Size from which a batch is sent without waiting longer, uncompressed, 1 KiB … 64 MiB; default 128 KiB. */
  readonly batchBytes?: number;
  /** Memory for records that are not confirmed yet; default 32 MiB, at least 64 KiB. When full, `send` waits. */
  readonly bufferBytes?: number;
  /** Longest time `send` waits for metadata or for room in the buffer, in ms; default 60,000. */
  readonly maxBlockMs?: number;
  /** Longest time from a record's entry into the buffer to its confirmation, retries included, in ms; default 120,000. */
  readonly deliveryTimeoutMs?: number;
  /** How long a broker may take to confirm a batch, in ms, 1 … 300,000; default the client's. */
  readonly requestTimeoutMs?: number;
  /** Unconfirmed batches per partition, 1 … 5; default 5. */
  readonly maxInFlightBatches?: number;
  /** Default: by the key's murmur2 hash as Kafka's clients; without a key one partition per batch. */
  readonly partitioner?: 'default' | Partitioner<K, V>;
  /** Default: keys are bytes. */
  readonly keySerializer?: Serializer<K>;
  /** Default: values are bytes. */
  readonly valueSerializer?: Serializer<V>;
}

export interface SendOptions {
  /**
   * Gives up: the promise rejects with CANCELLED. A record that still waits for metadata or room is then never sent; one
   * that is in a batch may be written all the same.
   */
  readonly signal?: AbortSignal;
}

export interface CloseOptions {
  /** How long records that are under way may take to be confirmed, in ms; default 30,000. What is left fails. */
  readonly timeoutMs?: number;
}

/** Counts since the producer was made, and what it holds now. */
export interface ProducerStats {
  readonly bufferedBytes: number;
  /** Calls of `send` that wait for metadata or room. */
  readonly waitingSends: number;
  /** Batches sent and not answered. */
  readonly inFlightBatches: number;
  readonly recordsAcknowledged: number;
  readonly recordsFailed: number;
  readonly batchesSent: number;
  /** Of batches as sent, after compression. */
  readonly bytesSent: number;
  readonly retries: number;
}
