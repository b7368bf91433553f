import { MoldauError } from '@moldau/kernel';
import { ReadEpochs } from '@moldau/records';
import type { TopicView } from '../cluster/metadata-view.ts';
import { type AssignedPartition, nameKey } from './assigned-partition.ts';
import type { ConsumerSettings } from './consumer-settings.ts';
import type { Assignment, StartPosition, TopicPartitionName } from './consumer-types.ts';

/** What a consumer reads: its partitions by name, the topics it reads whole, and what it is not to read for now. */
export class AssignedPartitions<K, V> implements Iterable<AssignedPartition<K, V>> {
  readonly #settings: ConsumerSettings<K, V>;
  readonly #partitions = new Map<string, AssignedPartition<K, V>>();
  /** Topics of which all partitions are read, also those to come. */
  readonly #wholeTopics = new Set<string>();
  /** By name, so that they may be paused before the metadata is there. */
  readonly #paused = new Set<string>();

  constructor(settings: ConsumerSettings<K, V>) {
    this.#settings = settings;
  }

  [Symbol.iterator](): IterableIterator<AssignedPartition<K, V>> {
    return this.#partitions.values();
  }

  get wholeTopics(): Iterable<string> {
    return this.#wholeTopics;
  }

  find(topic: string, partition: number): AssignedPartition<K, V> | undefined {
    return this.#partitions.get(nameKey(topic, partition));
  }

  /** @throws MoldauError UNKNOWN_PARTITION when it is not assigned */
  get({ topic, partition }: TopicPartitionName): AssignedPartition<K, V> {
    const assigned = this.find(topic, partition);
    if (assigned !== undefined) return assigned;
    const facts = { topic, partition: String(partition) };
    throw new MoldauError('UNKNOWN_PARTITION', `${topic}-${partition} is not assigned to this consumer`, facts);
  }

  /** Indexes of the partitions that an assignment means. @throws MoldauError UNKNOWN_PARTITION when the topic has none such */
  meant({ topic, partition }: Assignment, view: TopicView): Iterable<number> {
    if (partition === undefined) {
      this.#wholeTopics.add(topic);
      return view.partitions.keys();
    }
    const count = view.partitions.length;
    if (partition < count) return [partition];
    const facts = { topic, partition: String(partition), partitions: String(count) };
    throw new MoldauError('UNKNOWN_PARTITION', `topic '${topic}' has the partitions 0–${count - 1}, not ${partition}`, facts);
  }

  /** Partitions of a topic that is read whole and are not assigned yet; none when it is another topic of that name. */
  missing(view: TopicView): readonly number[] {
    const known = this.find(view.name, 0);
    if (known !== undefined && known.topicId !== view.topicId) return [];
    return [...view.partitions.keys()].filter((partition) => this.find(view.name, partition) === undefined);
  }

  add(view: TopicView, partition: number, from: StartPosition, positionId: number): AssignedPartition<K, V> {
    const key = nameKey(view.name, partition);
    const { keyDeserializer, valueDeserializer } = this.#settings;
    const assigned: AssignedPartition<K, V> = {
      topic: view.name,
      topicId: view.topicId,
      partition,
      context: { topic: view.name, partition, keyDeserializer, valueDeserializer },
      phase: { t: 'locating', from },
      position: undefined,
      fetchOffset: undefined,
      epochs: new ReadEpochs(),
      positionId,
      paused: this.#paused.has(key),
      failures: 0,
      troubled: false,
      visibleEnd: undefined,
      endOffset: undefined,
      view,
    };
    this.#partitions.set(key, assigned);
    return assigned;
  }

  /** Takes out a partition, or all of a topic, and returns them; none when unknown. */
  remove(topic: string, partition: number | undefined): readonly AssignedPartition<K, V>[] {
    this.#wholeTopics.delete(topic);
    const removed = [...this].filter((each) => each.topic === topic && (partition === undefined || each.partition === partition));
    for (const each of removed) this.#partitions.delete(nameKey(topic, each.partition));
    return removed;
  }

  /** Marks it, now or when it is assigned. Returns it where it was not paused yet. */
  pause({ topic, partition }: TopicPartitionName): AssignedPartition<K, V> | undefined {
    this.#paused.add(nameKey(topic, partition));
    const assigned = this.find(topic, partition);
    if (assigned === undefined || assigned.paused) return undefined;
    assigned.paused = true;
    return assigned;
  }

  resume({ topic, partition }: TopicPartitionName): void {
    this.#paused.delete(nameKey(topic, partition));
    const assigned = this.find(topic, partition);
    if (assigned !== undefined) assigned.paused = false;
  }

  clear(): void {
    this.#partitions.clear();
  }
}
