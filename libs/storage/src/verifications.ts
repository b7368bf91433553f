/** Unverified producers a partition remembers; the oldest is forgotten for one more, and its producer asks again. */
export const VERIFICATIONS_MAX = 10_000;

/**
 * The question to the coordinator whether a producer's transaction has this partition (KIP-890). An answer counts only while
 * the question does: the transaction's marker that arrives between them takes it back, so a late batch can't begin what nobody
 * will end.
 */
export interface Verification {
  readonly producerId: number;
  readonly producerEpoch: number;
}

/** What a partition's leader has verified and not yet seen a first batch of. In memory only. */
export class Verifications {
  readonly #asked = new Map<number, Verification>();
  readonly #verified = new Set<Verification>();

  /** The question that is open for this session, or a new one, which replaces those of the producer's older epochs. */
  ask(producerId: number, producerEpoch: number): Verification {
    const known = this.#asked.get(producerId);
    if (known !== undefined && known.producerEpoch >= producerEpoch) {
      // An older epoch than one that asks: its own question can't be answered any more.
      return known.producerEpoch === producerEpoch ? known : { producerId, producerEpoch };
    }
    this.drop(producerId);
    const verification = { producerId, producerEpoch };
    this.#asked.set(producerId, verification);
    const [oldest] = this.#asked.keys();
    if (this.#asked.size > VERIFICATIONS_MAX && oldest !== undefined) this.drop(oldest);
    return verification;
  }

  /** The coordinator said yes. False when the question does not count any more. */
  confirm(verification: Verification): boolean {
    if (this.#asked.get(verification.producerId) !== verification) return false;
    this.#verified.add(verification);
    return true;
  }

  has(producerId: number, producerEpoch: number): boolean {
    const known = this.#asked.get(producerId);
    return known !== undefined && known.producerEpoch === producerEpoch && this.#verified.has(known);
  }

  /** Nothing will come of the question. */
  forget(verification: Verification): void {
    if (this.#asked.get(verification.producerId) === verification) this.drop(verification.producerId);
  }

  /**
   * A marker came: what was asked of transactions that it may have ended is open no more. A question of its own epoch is about a
   * later one, as each transaction has its own epoch (KIP-890); the first write of that waits for this very marker.
   */
  dropBelow(producerId: number, markerEpoch: number): void {
    const known = this.#asked.get(producerId);
    if (known !== undefined && known.producerEpoch < markerEpoch) this.drop(producerId);
  }

  /** The first batch came, or nothing will. */
  drop(producerId: number): void {
    const known = this.#asked.get(producerId);
    if (known === undefined) return;
    this.#asked.delete(producerId);
    this.#verified.delete(known);
  }

  /** Another leader has the say now. */
  clear(): void {
    this.#asked.clear();
    this.#verified.clear();
  }
}
