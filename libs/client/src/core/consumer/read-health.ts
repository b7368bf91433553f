import type { MoldauError } from '@moldau/kernel';
import type { Health, PartitionSubject } from '../cluster/health.ts';
import type { AssignedPartition } from './assigned-partition.ts';

/** Tells the client's health which partitions of a consumer can't be read; costs a flag while all can. */
export class ReadHealth<K, V> {
  readonly #health: Health;

  constructor(health: Health) {
    this.#health = health;
  }

  /** It can't be read for now. */
  fails(partition: AssignedPartition<K, V>, error: MoldauError): void {
    partition.troubled = true;
    this.#health.partitionFailed(subjectOf(partition), error);
  }

  /** This broker answered for it. */
  works(partition: AssignedPartition<K, V>, brokerId: number): void {
    if (!partition.troubled) return;
    partition.troubled = false;
    this.#health.partitionWorks(subjectOf(partition));
    this.#health.brokerAnswered(brokerId);
  }

  /** Nobody reads it any more. */
  leave(partition: AssignedPartition<K, V>): void {
    if (!partition.troubled) return;
    partition.troubled = false;
    this.#health.partitionLeft(subjectOf(partition));
  }
}

function subjectOf<K, V>({ topic, partition }: AssignedPartition<K, V>): PartitionSubject {
  return { role: 'consumer', topic, partition };
}
