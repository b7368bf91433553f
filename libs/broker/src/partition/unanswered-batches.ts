import { MoldauError } from '@moldau/kernel';

/** As many batches of a producer as a partition remembers: with more, a retry could not be told from a new batch. */
export const UNANSWERED_BATCHES_MAX = 5;

/** Counts the unanswered batches of each idempotent producer on one partition. */
export class UnansweredBatches {
  readonly #byProducer = new Map<number, number>();

  /** @throws MoldauError TOO_MANY_UNANSWERED_BATCHES when the producer has as many as it may */
  assertRoom(producerId: number): void {
    const value = this.#byProducer.get(producerId) ?? 0;
    if (value < UNANSWERED_BATCHES_MAX) return;
    throw tooManyUnanswered(producerId, value);
  }

  add(producerId: number): void {
    this.#byProducer.set(producerId, (this.#byProducer.get(producerId) ?? 0) + 1);
  }

  remove(producerId: number): void {
    const left = (this.#byProducer.get(producerId) ?? 0) - 1;
    if (left > 0) this.#byProducer.set(producerId, left);
    else this.#byProducer.delete(producerId);
  }
}

/** The error for a batch of a producer that has so many unanswered already. */
export function tooManyUnanswered(producerId: number, value: number): MoldauError {
  const message = `producer ${producerId} has ${value} unanswered batches on this partition; ${UNANSWERED_BATCHES_MAX} are allowed`;
  const facts = { producer_id: String(producerId), value: String(value), limit: String(UNANSWERED_BATCHES_MAX) };
  return new MoldauError('TOO_MANY_UNANSWERED_BATCHES', message, facts);
}
