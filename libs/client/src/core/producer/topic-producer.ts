import { MoldauError, type Random } from '@moldau/kernel';
import { type BuilderLimits, partitionForKey, type RecordHeader } from '@moldau/records';
import type { PartitionView, TopicView } from '../cluster/metadata-view.ts';
import { PartitionQueue } from './partition-queue.ts';
import type { ProducerSettings } from './producer-settings.ts';
import type { HeaderInput, ProducerRecord, RecordMetadata } from './producer-types.ts';
import type { PartitionQueueOptions, QueueOwner } from './queue-owner.ts';
import { chooseSticky } from './sticky-partition.ts';
import type { TurnClock } from './turn-clock.ts';

/** Largest whole message of the public protocol; a batch and its frame must fit. */
const MESSAGE_BYTES_MAX = 4 * 1024 * 1024;
/** More than a batch's frame in a message takes: ids, epoch, lengths. */
const FRAME_BYTES_MAX = 128;

export interface TopicProducerDependencies<K, V> {
  readonly settings: ProducerSettings<K, V>;
  readonly clock: TurnClock;
  readonly random: Random;
  readonly owner: QueueOwner;
  readonly queueDefaults: Omit<PartitionQueueOptions, 'topic' | 'topicId' | 'partition' | 'leader'>;
  /** A record is in no batch, and its promise rejects. */
  refused(error: MoldauError): void;
}

/** One topic of a producer, by its id: serializes records, chooses their partitions and appends them. */
export class TopicProducer<K, V> {
  readonly #deps: TopicProducerDependencies<K, V>;
  readonly #queues: PartitionQueue[] = [];
  readonly #settings: ProducerSettings<K, V>;
  #view: TopicView;
  #limits: BuilderLimits;
  /** Where records without a key go until its batch is sealed. */
  #sticky: PartitionQueue | undefined;
  #stickySealed = 0;

  constructor(view: TopicView, deps: TopicProducerDependencies<K, V>) {
    this.#deps = deps;
    this.#settings = deps.settings;
    this.#view = view;
    this.#limits = this.#limitsFor(view);
  }

  get view(): TopicView {
    return this.#view;
  }

  /** Newer metadata of the same topic. Batches under construction keep the limits they began with. */
  update(view: TopicView): void {
    const before = this.#view;
    this.#view = view;
    this.#limits = this.#limitsFor(view);
    for (const queue of this.queues) if (hasMoved(before, view, queue.options.partition)) queue.leaderMoved();
  }

  /** Those that have been written to. */
  get queues(): readonly PartitionQueue[] {
    return this.#queues.filter((queue) => queue !== undefined);
  }

  /** Appends the record to its partition's batch. Never throws: the promise rejects, for this record alone. */
  send(record: ProducerRecord<K, V>): Promise<RecordMetadata> {
    try {
      const { topic, headers } = record;
      const key = record.key === undefined || record.key === null ? null : this.#serialize('key', record.key, topic);
      const value = record.value === null ? null : this.#serialize('value', record.value, topic);
      const timestampMs = record.timestampMs ?? this.#deps.clock.wallMs();
      if (!Number.isSafeInteger(timestampMs) || timestampMs < 0) throw badTimestamp(topic, timestampMs);
      const encoded = headers === undefined || headers.length === 0 ? undefined : headers.map(encodeHeader);
      const partition = this.#partitionOf(record, key);
      if (partition === undefined) return this.#appendSticky(timestampMs, key, value, encoded);
      return this.#append(this.#queue(partition), timestampMs, key, value, encoded);
    } catch (caught) {
      const error = this.#placed(MoldauError.from(caught));
      this.#deps.refused(error);
      return Promise.reject(error);
    }
  }

  #append(
    queue: PartitionQueue,
    timestampMs: number,
    key: Uint8Array | null,
    value: Uint8Array | null,
    headers: readonly RecordHeader[] | undefined,
  ): Promise<RecordMetadata> {
    const appended = queue.append(timestampMs, key, value, headers);
    if (appended !== undefined) return appended;
    queue.seal();
    return this.#append(queue, timestampMs, key, value, headers);
  }

  #appendSticky(
    timestampMs: number,
    key: Uint8Array | null,
    value: Uint8Array | null,
    headers: readonly RecordHeader[] | undefined,
  ): Promise<RecordMetadata> {
    const sticky = this.#sticky;
    if (sticky !== undefined && sticky.sealedCount === this.#stickySealed) {
      const appended = sticky.append(timestampMs, key, value, headers);
      if (appended !== undefined) return appended;
      sticky.seal();
    }
    const chosen = this.#queue(chooseSticky(this.#view.partitions, (index) => this.#queues[index]?.load ?? 0, this.#deps.random));
    const promise = this.#append(chosen, timestampMs, key, value, headers);
    this.#sticky = chosen;
    this.#stickySealed = chosen.sealedCount;
    return promise;
  }

  /** Undefined: any. */
  #partitionOf(record: ProducerRecord<K, V>, key: Uint8Array | null): number | undefined {
    const count = this.#view.partitions.length;
    let partition = record.partition;
    if (partition === undefined) {
      const partitioner = this.#settings.partitioner;
      if (partitioner === undefined) return key === null ? undefined : partitionForKey(key, count);
      try {
        partition = partitioner(record, count);
      } catch (cause) {
        throw new MoldauError('INVALID_PARTITION', `the partitioner failed for a record of '${record.topic}'`, {}, { cause });
      }
    }
    if (Number.isInteger(partition) && partition >= 0 && partition < count) return partition;
    const facts = { partition: String(partition), partitions: String(count) };
    throw new MoldauError('INVALID_PARTITION', `topic '${record.topic}' has the partitions 0–${count - 1}, not ${partition}`, facts);
  }

  #serialize<Side extends 'key' | 'value'>(side: Side, value: Side extends 'key' ? K : V, topic: string): Uint8Array {
    const serializer = side === 'key' ? this.#settings.keySerializer : this.#settings.valueSerializer;
    try {
      return serializer.serialize(value as K & V, topic);
    } catch (cause) {
      const detail = cause instanceof Error ? cause.message : String(cause);
      throw new MoldauError('SERIALIZATION_FAILED', `the ${side} of a record for '${topic}': ${detail}`, { side }, { cause });
    }
  }

  #queue(partition: number): PartitionQueue {
    const known = this.#queues[partition];
    if (known !== undefined) {
      known.useLimits(this.#limits);
      return known;
    }
    const { topicId, name } = this.#view;
    const leader = (): PartitionView | undefined => this.#view.partitions[partition];
    const options = { ...this.#deps.queueDefaults, topic: name, topicId, partition, leader };
    const queue = new PartitionQueue(options, this.#limits, this.#deps.owner);
    this.#queues[partition] = queue;
    return queue;
  }

  #limitsFor(view: TopicView): BuilderLimits {
    const maxBytes = Math.min(view.maxMessageBytes, MESSAGE_BYTES_MAX - FRAME_BYTES_MAX);
    const targetBytes = Math.min(this.#deps.settings.batchBytes, maxBytes);
    const same = this.#limits as BuilderLimits | undefined;
    return same?.maxBytes === maxBytes && same.targetBytes === targetBytes ? same : { targetBytes, maxBytes };
  }

  #placed(error: MoldauError): MoldauError {
    const facts = { ...error.facts, topic: this.#view.name };
    const message = error.reason === 'RECORD_TOO_LARGE' ? `topic '${this.#view.name}': ${error.message}` : error.message;
    return new MoldauError(error.reason, message, facts, error.cause === undefined ? {} : { cause: error.cause });
  }
}

/** Whether the partition has a leader that it did not have before, or an epoch of it. */
function hasMoved(before: TopicView, now: TopicView, partition: number): boolean {
  const leader = now.partitions[partition];
  return leader?.leaderId !== undefined && leader.leaderEpoch !== before.partitions[partition]?.leaderEpoch;
}

function encodeHeader([key, value]: HeaderInput): RecordHeader {
  return { key, value: typeof value === 'string' ? Buffer.from(value, 'utf8') : value };
}

function badTimestamp(topic: string, timestampMs: number): MoldauError {
  const facts = { timestamp_ms: String(timestampMs), limit: 'an integer ≥ 0' };
  return new MoldauError('INVALID_TIMESTAMP', `a record for '${topic}' has the timestamp ${timestampMs}; expected an integer ≥ 0`, facts);
}
