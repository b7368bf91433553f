import type { ConsumedRecord } from '../consumer/consumed-record.ts';
import type { ConsumerBatch } from '../consumer/consumer-batch.ts';
import type { TopicPartitionName } from '../consumer/consumer-types.ts';

/** A partition for as long as this member holds it without a break. */
export interface Tenure extends TopicPartitionName {
  /** The life of the member that holds it. A later one, which may hold it anew, has to read it anew. */
  readonly memberId: string;
  /** It was given up or lost: what was read of it is somebody else's. */
  over: boolean;
}

/** Records that go into one transaction, and how far they bring each partition. */
export interface TransformInput<K, V> {
  readonly records: readonly ConsumedRecord<K, V>[];
  /** Next offset to read by partition. */
  readonly ends: ReadonlyMap<Tenure, number>;
}

/** A batch that was handed out, and as whose. */
export interface ArrivedBatch<K, V> {
  readonly batch: ConsumerBatch<K, V>;
  readonly tenure: Tenure;
}

interface OpenedBatch<K, V> {
  readonly tenure: Tenure;
  readonly records: Iterator<ConsumedRecord<K, V>, undefined>;
  readonly end: number;
}

interface Taken<K, V> {
  readonly tenure: Tenure;
  readonly record: ConsumedRecord<K, V>;
}

/** What was read and is not in a committed transaction, in the order of its partitions. */
export class TransformInputs<K, V> {
  readonly #tenures = new Map<string, Tenure>();
  #open: OpenedBatch<K, V> | undefined;
  #taken: Taken<K, V>[] = [];
  #ends = new Map<Tenure, number>();

  /** Records for the next transaction. */
  get count(): number {
    return this.#taken.length;
  }

  /** Whether all batches are read to their ends: only then another is `add`ed. */
  get isDrained(): boolean {
    return this.#open === undefined;
  }

  /** Records of these partitions that were read before mean nothing any more. */
  end(partitions: readonly TopicPartitionName[]): void {
    for (const { topic, partition } of partitions) {
      const key = `${topic}/${partition}`;
      const tenure = this.#tenures.get(key);
      if (tenure !== undefined) tenure.over = true;
      this.#tenures.delete(key);
    }
  }

  /**
   * The member lives under this id now. What earlier lives held is over, and at once: `end` is told of it only when those who give up
   * partitions have had their time, and by then the new life may own the same partitions.
   */
  livesAs(memberId: string): void {
    for (const [key, tenure] of this.#tenures) {
      if (tenure.memberId === memberId) continue;
      tenure.over = true;
      this.#tenures.delete(key);
    }
  }

  /** Notes whose a batch is, at the moment at which it is handed out: it may be `add`ed long after. */
  arrived(batch: ConsumerBatch<K, V>, memberId: string): ArrivedBatch<K, V> {
    this.livesAs(memberId);
    const { topic, partition } = batch;
    const key = `${topic}/${partition}`;
    const tenure = this.#tenures.get(key) ?? { topic, partition, memberId, over: false };
    this.#tenures.set(key, tenure);
    return { batch, tenure };
  }

  add({ batch, tenure }: ArrivedBatch<K, V>): void {
    this.#open = { tenure, records: batch[Symbol.iterator](), end: batch.lastOffset + 1 };
  }

  /** Takes records until there are `maxRecords`, or the batch at hand ends. @throws MoldauError CORRUPT_BATCH */
  take(maxRecords: number): void {
    const open = this.#open;
    if (open === undefined) return;
    while (!open.tenure.over && this.#taken.length < maxRecords) {
      const next = open.records.next();
      if (next.done === true) {
        this.#ends.set(open.tenure, open.end);
        this.#open = undefined;
        return;
      }
      this.#taken.push({ tenure: open.tenure, record: next.value });
      this.#ends.set(open.tenure, next.value.offset + 1);
    }
    if (open.tenure.over) this.#open = undefined;
  }

  /** What was taken and is still this member's. */
  current(): TransformInput<K, V> {
    return {
      records: this.#taken.filter(({ tenure }) => !tenure.over).map(({ record }) => record),
      ends: new Map([...this.#ends].filter(([tenure]) => !tenure.over)),
    };
  }

  /** It is committed. */
  done(): void {
    this.#taken = [];
    this.#ends = new Map();
  }
}
