import type { MoldauError } from '@moldau/kernel';
import { advanceSequence } from '@moldau/records';
import type { ProducerBatch, ProducerSession } from './producer-batch.ts';

/**
 * The numbers of a partition's batches in its session. Brokers take nothing after a gap, so a number that surely was not
 * written is used again; where nobody knows, the session is given up.
 */
export class BatchSequence {
  readonly #numbered: boolean;
  #session: ProducerSession | undefined;
  #next = 0;
  /** The first number that was used and surely not written, with the batch that had it. */
  #gap: { readonly batchId: number; readonly sequence: number } | undefined;
  /** Why the session can't go on: the broker lost it, or nobody knows which of its batches were written. */
  #lost: MoldauError | undefined;

  /** Without idempotence numbers mean nothing, and no gap matters. */
  constructor(idempotent: boolean) {
    this.#numbered = idempotent;
  }

  get session(): ProducerSession | undefined {
    return this.#session;
  }

  /** Whether `repair` has anything to do. */
  get isBroken(): boolean {
    return this.#gap !== undefined || this.#lost !== undefined;
  }

  /** A session for the batches from here on. */
  use(session: ProducerSession): void {
    this.#session = session;
  }

  /** A session that numbers from 0, whatever became of the one before. */
  restart(session: ProducerSession): void {
    this.#session = session;
    this.#next = 0;
    this.#gap = undefined;
    this.#lost = undefined;
  }

  /** Gives a batch that is sent for the first time its number. */
  number(batch: ProducerBatch): void {
    batch.sequence = this.#next;
    this.#next = advanceSequence(this.#next, batch.count);
  }

  /** The broker does not know the session as we do. */
  lose(error: MoldauError): void {
    this.#lost ??= error;
  }

  /** The batch will not be sent again: what becomes of its number. */
  abandon(batch: ProducerBatch, error: MoldauError): void {
    if (!this.#numbered) return;
    if (batch.maybeWritten) this.#lost ??= error;
    else if (this.#gap === undefined || this.#gap.batchId > batch.id) this.#gap = { batchId: batch.id, sequence: batch.sequence };
  }

  /** Why the session is of no use, once: it is given up with this, and the next numbers from 0. */
  takeLost(): MoldauError | undefined {
    const lost = this.#lost;
    if (lost === undefined) return undefined;
    this.#lost = undefined;
    this.#gap = undefined;
    this.#session = undefined;
    return lost;
  }

  /** Numbers what is to be sent again without a gap, once nothing is under way; all of it where the session is new. */
  repair(retries: readonly ProducerBatch[], lost: boolean): void {
    const gap = this.#gap;
    this.#gap = undefined;
    if (lost) this.#renumber(retries, -1, 0);
    else if (gap !== undefined) this.#renumber(retries, gap.batchId, gap.sequence);
  }

  /** The broker takes nothing that comes after a gap, so none of the batches after it was written. */
  #renumber(retries: readonly ProducerBatch[], afterBatchId: number, from: number): void {
    let sequence = from;
    for (const batch of retries) {
      if (batch.id <= afterBatchId) continue;
      batch.renumber(sequence);
      sequence = advanceSequence(sequence, batch.count);
    }
    this.#next = sequence;
  }
}
