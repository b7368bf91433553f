import { assert } from '@moldau/kernel';
import type { ProducerBatch } from './producer-batch.ts';

/** A partition's batches that take no more records, in their order: sent and not answered, to be sent again, never sent. */
export class SealedBatches {
  readonly #inFlight: ProducerBatch[] = [];
  /** All before `#fresh`. */
  readonly #retries: ProducerBatch[] = [];
  readonly #fresh: ProducerBatch[] = [];
  /** Where those under way are: all at one broker. */
  #sentTo: number | undefined;

  get count(): number {
    return this.#fresh.length + this.#retries.length + this.#inFlight.length;
  }

  get inFlightCount(): number {
    return this.#inFlight.length;
  }

  get retries(): readonly ProducerBatch[] {
    return this.#retries;
  }

  get underWay(): readonly ProducerBatch[] {
    return this.#inFlight;
  }

  /** The one to send next. */
  get first(): ProducerBatch | undefined {
    return this.#retries[0] ?? this.#fresh[0];
  }

  /** It follows all others. */
  add(batch: ProducerBatch): void {
    this.#fresh.push(batch);
  }

  /**
   * Whether another may go to this broker now: of `maxInFlight` under way, and all of them there. A new leader would take what
   * comes before it knows the batches that the old one has not answered for a gap.
   */
  hasRoomAt(brokerId: number, maxInFlight: number): boolean {
    const { length } = this.#inFlight;
    return length === 0 || (length < maxInFlight && this.#sentTo === brokerId);
  }

  /** The first is under way to this broker from here on. Returns whether it never was before. */
  send(batch: ProducerBatch, brokerId: number): boolean {
    assert(this.#inFlight.length === 0 || this.#sentTo === brokerId, 'batches under way are at one broker', { batch: batch.id });
    this.#sentTo = brokerId;
    const again = this.#retries[0] === batch;
    if (again) {
      this.#retries.shift();
    } else {
      assert(this.#fresh[0] === batch, 'batches are sent in their order', { batch: batch.id });
      this.#fresh.shift();
    }
    this.#inFlight.push(batch);
    return !again;
  }

  /** It is under way no longer. */
  answer(batch: ProducerBatch): void {
    const at = this.#inFlight.indexOf(batch);
    assert(at >= 0, 'only a batch under way is answered', { batch: batch.id });
    this.#inFlight.splice(at, 1);
  }

  isInFlight(batch: ProducerBatch): boolean {
    return this.#inFlight.includes(batch);
  }

  /** An answered batch is to be sent again, in its place. */
  sendAgain(batch: ProducerBatch): void {
    let at = this.#retries.length;
    while (at > 0 && this.#retries[at - 1]!.id > batch.id) at -= 1;
    this.#retries.splice(at, 0, batch);
  }

  /** Takes one out that waits to be sent: where it stood, or `nowhere`. */
  remove(batch: ProducerBatch): 'retries' | 'fresh' | 'nowhere' {
    const retry = this.#retries.indexOf(batch);
    if (retry >= 0) {
      this.#retries.splice(retry, 1);
      return 'retries';
    }
    const fresh = this.#fresh.indexOf(batch);
    if (fresh < 0) return 'nowhere';
    this.#fresh.splice(fresh, 1);
    return 'fresh';
  }

  /** Takes out what is to be sent again and fits. */
  takeRetries(fits: (batch: ProducerBatch) => boolean): readonly ProducerBatch[] {
    const taken = this.#retries.filter(fits);
    const kept = this.#retries.filter((batch) => !fits(batch));
    this.#retries.splice(0, this.#retries.length, ...kept);
    return taken;
  }

  /** Takes out all that is not under way. */
  takeUnsent(): readonly ProducerBatch[] {
    return [...this.#retries.splice(0), ...this.#fresh.splice(0)];
  }

  takeInFlight(): readonly ProducerBatch[] {
    return this.#inFlight.splice(0);
  }
}
