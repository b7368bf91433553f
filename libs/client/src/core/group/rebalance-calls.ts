import { MoldauError } from '@moldau/kernel';
import type { TopicPartitionName } from '../consumer/consumer-types.ts';
import type { GroupPartition } from './group-partition.ts';
import type { RebalanceEvents } from './group-types.ts';

/** Calls the program's own functions at a rebalance, one after the other. */
export class RebalanceCalls {
  readonly #events: RebalanceEvents;
  readonly #failed: (error: MoldauError) => void;
  #last: Promise<void> = Promise.resolve();

  constructor(events: RebalanceEvents, failed: (error: MoldauError) => void) {
    this.#events = events;
    this.#failed = failed;
  }

  /** Resolves when the program is done with it; never rejects. */
  assigned(partitions: readonly TopicPartitionName[]): Promise<void> {
    return this.#call(partitions, () => this.#events.onAssigned?.(partitions.map(nameOf)));
  }

  /** Those that the program knows of, and that are still its own when it is called. */
  revoked(partitions: readonly GroupPartition[]): Promise<void> {
    const known = partitions.filter(({ told }) => told);
    return this.#call(known, () => {
      const left = known.filter(({ phase }) => phase === 'revoking');
      for (const partition of left) partition.askedFor = true;
      return left.length === 0 ? undefined : this.#events.onRevoked?.(left.map(nameOf));
    });
  }

  lost(partitions: readonly TopicPartitionName[], cause: MoldauError): Promise<void> {
    return this.#call(partitions, () => this.#events.onLost?.(partitions.map(nameOf), cause));
  }

  #call(partitions: readonly TopicPartitionName[], call: () => void | Promise<void>): Promise<void> {
    if (partitions.length === 0) return Promise.resolve();
    this.#last = this.#last.then(call).catch((caught: unknown) => this.#failed(MoldauError.from(caught)));
    return this.#last;
  }
}

function nameOf({ topic, partition }: TopicPartitionName): TopicPartitionName {
  return { topic, partition };
}
