import type { ConsumedRecord } from '../consumer/consumed-record.ts';
import type { ConsumerBatch } from '../consumer/consumer-batch.ts';
import type { TopicPartitionName } from '../consumer/consumer-types.ts';
import type { PartitionHold } from '../group/group-types.ts';

/** A partition for as long as this member holds it without a break. */
export interface Tenure extends TopicPartitionName {
  /**
   * The member's hold on it when the batch was handed out, whose end is known at once: the tenure's own end is told when those who give up partitions have had their
   * time, and by then the same member may hold the partition anew and have to read it anew.
   */
  readonly hold: PartitionHold | undefined;
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

  /** Notes whose a batch is, at the moment at which it is handed out: it may be `add`ed long after. */
  arrived(batch: ConsumerBatch<K, V>, hold: PartitionHold | undefined): ArrivedBatch<K, V> {
    const { topic, partition } = batch;
    const key = `${topic}/${partition}`;
    const known = this.#tenures.get(key);
    const tenure = known === undefined || isOver(known) ? { topic, partition, hold, over: false } : known;
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
    while (!isOver(open.tenure) && this.#taken.length < maxRecords) {
      const next = open.records.next();
      if (next.done === true) {
        this.#ends.set(open.tenure, open.end);
        this.#open = undefined;
        return;
      }
      this.#taken.push({ tenure: open.tenure, record: next.value });
      this.#ends.set(open.tenure, next.value.offset + 1);
    }
    if (isOver(open.tenure)) this.#open = undefined;
  }

  /** What was taken and is still this member's. */
  current(): TransformInput<K, V> {
    return {
      records: this.#taken.filter(({ tenure }) => !isOver(tenure)).map(({ record }) => record),
      ends: new Map([...this.#ends].filter(([tenure]) => !isOver(tenure))),
    };
  }

  /** It is committed. */
  done(): void {
    this.#taken = [];
    this.#ends = new Map();
  }
}

/** Whether what was read in it is not this member's any more. */
export function isOver({ over, hold }: Tenure): boolean {
  return over || hold === undefined || hold.isGone;
}
