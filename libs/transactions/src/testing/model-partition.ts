import { assert } from '@moldau/kernel';
import type { TransactionOutcome } from '@moldau/records';
import type { MarkerTask } from '../markers.ts';
import type { ProducerSession } from '../producer-session.ts';
import type { PlantedBug } from './planted-bug.ts';

interface ModelProducer {
  epoch: number;
  /** The epoch of the open transaction. */
  open: number | undefined;
  batches: number[];
}

/** A transaction as readers know it: `producer id:epoch` of its batches. */
export function transactionKey({ producerId, producerEpoch }: { readonly producerId: number; readonly producerEpoch: number }): string {
  return `${producerId}:${producerEpoch}`;
}

/** What a partition's leader does with transactional batches and markers, with no log below it. */
export class ModelPartition {
  readonly #producers = new Map<number, ModelProducer>();
  readonly #bug: PlantedBug | undefined;
  /** Outcome of each batch that a marker has decided. */
  readonly decided = new Map<number, TransactionOutcome>();
  /** Outcome of each transaction here. */
  readonly outcomes = new Map<string, TransactionOutcome>();
  /** The transaction each batch was written in. */
  readonly written = new Map<number, string>();

  constructor(bug: PlantedBug | undefined) {
    this.#bug = bug;
  }

  get openTransactions(): number {
    return [...this.#producers.values()].filter(({ open }) => open !== undefined).length;
  }

  /** Whether a batch needs to be verified by the coordinator first. */
  needsVerification(session: ProducerSession): boolean {
    return this.#bug !== 'no-verification' && this.#producers.get(session.producerId)?.open !== session.producerEpoch;
  }

  /** False when it is fenced. */
  append(session: ProducerSession, batch: number): boolean {
    const producer = this.#producers.get(session.producerId) ?? { epoch: -1, open: undefined, batches: [] };
    if (session.producerEpoch < producer.epoch) return false;
    if (producer.open !== undefined && producer.open !== session.producerEpoch) return false;
    producer.epoch = session.producerEpoch;
    producer.open = session.producerEpoch;
    producer.batches.push(batch);
    this.written.set(batch, transactionKey(session));
    this.#producers.set(session.producerId, producer);
    return true;
  }

  /** Ends the transaction of the epoch before the marker's, if it is open. */
  mark({ producerId, producerEpoch, outcome }: MarkerTask): void {
    const producer = this.#producers.get(producerId) ?? { epoch: -1, open: undefined, batches: [] };
    const isOld = producerEpoch <= producer.epoch;
    if (isOld && this.#bug !== 'old-marker-decides') {
      assert(producer.open === undefined || producer.open >= producerEpoch, 'an old marker is of a transaction that is closed');
      return;
    }
    if (producer.open !== undefined) {
      const key = transactionKey({ producerId, producerEpoch: producer.open });
      for (const batch of producer.batches) this.decided.set(batch, outcome);
      this.outcomes.set(key, outcome);
    }
    producer.epoch = Math.max(producer.epoch, producerEpoch);
    producer.open = undefined;
    producer.batches = [];
    this.#producers.set(producerId, producer);
  }
}
