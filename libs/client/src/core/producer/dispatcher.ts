import type { MoldauError } from '@moldau/kernel';
import type { Cluster } from '../cluster/cluster.ts';
import { leaderlessError } from '../cluster/leader-hint.ts';
import { BrokerSender, type BrokerSenderOptions } from './broker-sender.ts';
import type { PartitionQueue } from './partition-queue.ts';
import type { ProducerBatch } from './producer-batch.ts';

export interface DispatcherHooks {
  /** Everything sent to the broker has been answered. */
  idle(brokerId: number): void;
  sent(batch: ProducerBatch, bytes: number): void;
  refusedUnasked(error: MoldauError): void;
}

/**
 * Brings queues with something to send to the sender of their leader. Once per turn of the event loop, so that what is
 * appended in one turn shares batches and messages.
 */
export class Dispatcher {
  readonly #cluster: Cluster;
  readonly #options: BrokerSenderOptions;
  readonly #hooks: DispatcherHooks;
  readonly #senders = new Map<number, BrokerSender>();
  #ready = new Set<PartitionQueue>();
  #awake = new Set<BrokerSender>();
  /** Queues that wait for a leader. */
  readonly #leaderless = new Set<PartitionQueue>();
  #scheduled = false;
  #closed = false;

  constructor(cluster: Cluster, options: BrokerSenderOptions, hooks: DispatcherHooks) {
    this.#cluster = cluster;
    this.#options = options;
    this.#hooks = hooks;
  }

  /** Batches sent and not answered. */
  get inFlightCount(): number {
    let count = 0;
    for (const sender of this.#senders.values()) count += sender.unansweredCount;
    return count;
  }

  /** The queue may have something to send. */
  wake(queue: PartitionQueue): void {
    if (this.#closed) return;
    this.#ready.add(queue);
    this.#schedule();
  }

  /** Whether nothing is under way to the queue's leader. */
  isIdle(queue: PartitionQueue): boolean {
    const leaderId = queue.leader()?.leaderId;
    return leaderId === undefined || (this.#senders.get(leaderId)?.isIdle ?? true);
  }

  /** The metadata has changed: queues may have another leader. */
  metadataChanged(): void {
    for (const queue of this.#leaderless) this.wake(queue);
    this.#leaderless.clear();
    for (const sender of this.#senders.values()) sender.metadataChanged();
  }

  close(): void {
    this.#closed = true;
    for (const sender of this.#senders.values()) sender.close();
    this.#ready.clear();
    this.#awake.clear();
    this.#leaderless.clear();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#cluster.ports.scheduler.nextTurn(() => {
      this.#scheduled = false;
      if (!this.#closed) this.#dispatch();
    });
  }

  #dispatch(): void {
    const ready = this.#ready;
    const senders = this.#awake;
    this.#ready = new Set();
    this.#awake = new Set();
    for (const queue of ready) {
      const leaderId = queue.leader()?.leaderId;
      if (leaderId === undefined) {
        this.#leaderless.add(queue);
        queue.failing(leaderlessError(queue.options));
        this.#cluster.metadata.requestRefresh();
        continue;
      }
      const sender = this.#sender(leaderId);
      sender.offer(queue);
      senders.add(sender);
    }
    for (const sender of senders) sender.pump();
  }

  #sender(brokerId: number): BrokerSender {
    const known = this.#senders.get(brokerId);
    if (known !== undefined) return known;
    const sender = new BrokerSender(brokerId, this.#cluster, this.#options, {
      ...this.#hooks,
      release: (queues) => {
        for (const queue of queues) this.wake(queue);
      },
      wake: (awake) => {
        if (this.#closed) return;
        this.#awake.add(awake);
        this.#schedule();
      },
    });
    this.#senders.set(brokerId, sender);
    return sender;
  }
}
