import { partitionForKey } from '@moldau/records';
import type { InputRecord } from '../record/record-context.ts';
import type { OutputRecord } from '../task/output.ts';

/** The topics of a test, as lists of records per partition. */
export class TopicLogs {
  readonly #logs = new Map<string, InputRecord[][]>();

  create(topic: string, partitions: number): void {
    if (!this.#logs.has(topic))
      this.#logs.set(
        topic,
        Array.from({ length: partitions }, () => []),
      );
  }

  partitionCount(topic: string): number | undefined {
    return this.#logs.get(topic)?.length;
  }

  records(topic: string, partition: number): readonly InputRecord[] {
    return this.#logs.get(topic)?.[partition] ?? [];
  }

  /** Topics that nobody made have one partition. */
  append({ topic, partition, key, value, timestampMs, headers }: OutputRecord): void {
    this.create(topic, 1);
    const partitions = this.#logs.get(topic) ?? [];
    const chosen = partition ?? (key === null ? 0 : partitionForKey(key, partitions.length));
    const log = partitions[chosen];
    if (log === undefined) throw new RangeError(`topic ${topic} has no partition ${chosen}; it has ${partitions.length}`);
    log.push({ topic, partition: chosen, offset: log.length, timestampMs, key, value, headers });
  }
}
