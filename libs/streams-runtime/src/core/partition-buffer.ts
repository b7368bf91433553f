import type { ConsumedRecord, ConsumerBatch } from '@moldau/client';

type BatchRecords = Iterator<ConsumedRecord, undefined>;

/** Records of one input partition that were read and not worked on yet, in their batches. Its owner bounds it. */
export class PartitionBuffer {
  readonly topic: string;
  readonly partition: number;
  /** Records in it, with the head. */
  count = 0;
  /** Whether no more of it is asked for at present. */
  paused = false;
  #batches: ConsumerBatch[] = [];
  #records: BatchRecords | undefined;
  #head: ConsumedRecord | undefined;

  constructor(topic: string, partition: number) {
    this.topic = topic;
    this.partition = partition;
  }

  add(batch: ConsumerBatch): void {
    this.#batches.push(batch);
    this.count += batch.count;
  }

  /** The record that comes next; undefined when there is none. @throws MoldauError CORRUPT_BATCH */
  head(): ConsumedRecord | undefined {
    while (this.#head === undefined) {
      if (this.#records === undefined) {
        const batch = this.#batches.shift();
        if (batch === undefined) return undefined;
        this.#records = batch[Symbol.iterator]();
      }
      this.#head = this.#records.next().value;
      if (this.#head === undefined) this.#records = undefined;
    }
    return this.#head;
  }

  /** The head is taken. */
  take(): void {
    this.#head = undefined;
    this.count--;
  }

  clear(): void {
    this.#batches = [];
    this.#records = undefined;
    this.#head = undefined;
    this.count = 0;
  }
}
