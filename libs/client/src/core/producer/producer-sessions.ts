import { MoldauError } from '@moldau/kernel';
import { producerService } from '@moldau/protocol';
import { backoffMs } from '../backoff.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { delay } from '../delay.ts';
import type { PartitionQueue } from './partition-queue.ts';
import type { ProducerSession } from './producer-batch.ts';
import type { SessionSource } from './session-source.ts';

/**
 * Producer ids, asked for when first needed. All partitions share the first; a partition whose sequence was lost gets an id
 * of its own, which no broker has seen, so that the other partitions go on undisturbed.
 */
export class ProducerSessions implements SessionSource {
  readonly #cluster: Cluster;
  readonly #abort = new AbortController();
  #shared: ProducerSession | undefined;
  /** Partitions that may use the shared session. */
  readonly #waiting = new Set<PartitionQueue>();
  /** Partitions that need one of their own. */
  readonly #waitingAfresh = new Set<PartitionQueue>();
  #asking = false;
  /** Asked for before the first partition needs it. */
  #ahead = false;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** Records are about to be sent: asks for the first session while their topic is looked up. */
  prepare(): void {
    if (this.#shared !== undefined || this.#asking) return;
    this.#ahead = true;
    void this.#ask();
  }

  /** Gives the queue a session, now or later. */
  request(queue: PartitionQueue, lost: MoldauError | undefined): void {
    if (this.#waitingAfresh.has(queue)) return;
    if (lost !== undefined) this.#waitingAfresh.add(queue);
    else if (this.#shared !== undefined) queue.useSession(this.#shared);
    else this.#waiting.add(queue);
    if (!this.#asking && this.#waiting.size + this.#waitingAfresh.size > 0) void this.#ask();
  }

  close(): void {
    this.#waiting.clear();
    this.#waitingAfresh.clear();
    this.#abort.abort();
  }

  /** Never rejects. */
  async #ask(): Promise<void> {
    this.#asking = true;
    const { scheduler, random, logger } = this.#cluster.ports;
    for (let attempt = 0; this.#ahead || this.#waiting.size + this.#waitingAfresh.size > 0; ) {
      this.#ahead = false;
      try {
        const limits = { repeatable: true, signal: this.#abort.signal };
        this.#give(await this.#cluster.callAny(producerService.initProducer, {}, limits));
        attempt = 0;
      } catch (caught) {
        const error = MoldauError.from(caught);
        if (this.#abort.signal.aborted) break;
        logger.warn('no producer id', { error: error.message });
        if (error.retriable) await delay(scheduler, backoffMs(random, attempt++), this.#abort.signal).catch(() => {});
        else this.#refuse(error);
      }
    }
    this.#asking = false;
  }

  #give(session: ProducerSession): void {
    const { producerId, producerEpoch } = session;
    const [alone] = this.#waitingAfresh;
    if (alone !== undefined) {
      this.#waitingAfresh.delete(alone);
      alone.useSession({ producerId, producerEpoch });
      return;
    }
    const shared = { producerId, producerEpoch };
    this.#shared = shared;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const queue of waiting) queue.useSession(shared);
  }

  #refuse(error: MoldauError): void {
    const waiting = [...this.#waiting, ...this.#waitingAfresh];
    this.#waiting.clear();
    this.#waitingAfresh.clear();
    for (const queue of waiting) queue.failUnsent(error);
  }
}
