import { assert, type BrokerId, type Offset, present } from '@moldau/kernel';

/** How far one replica's log goes. Flushed ≤ written. */
export interface ReplicaEnds {
  readonly writtenEnd: Offset;
  readonly flushedEnd: Offset;
}

/** Who must have a record before it counts, from the partition's record. */
export interface ReplicationTerms {
  /** In-sync replicas as the controller committed them. */
  readonly isr: readonly BrokerId[];
  /** In-sync replicas as the leader proposed them, while that proposal is under way; else as `isr`. */
  readonly proposedIsr: readonly BrokerId[];
  /** Least number of committed in-sync replicas. */
  readonly minIsr: number;
  /** Whose end counts: the flushed one, or the written one. */
  readonly flush: 'sync' | 'async';
}

/**
 * The high watermark of one leader epoch: the minimum end over the maximal ISR (committed ∪ proposed), moving only
 * forward and only while the committed ISR has at least `minIsr` members. Pure: no clock, no input or output.
 */
export class HighWatermark {
  #terms: ReplicationTerms;
  readonly #ends = new Map<BrokerId, ReplicaEnds>();
  #maximalIsr: readonly BrokerId[];
  #value: Offset;

  /** `start` is where the watermark was known to be when this epoch began. */
  constructor(start: Offset, terms: ReplicationTerms) {
    this.#value = start;
    this.#terms = terms;
    this.#maximalIsr = union(terms);
  }

  get value(): Offset {
    return this.#value;
  }

  get terms(): ReplicationTerms {
    return this.#terms;
  }

  /** Whether the committed ISR is large enough to confirm anything. */
  get hasQuorum(): boolean {
    return this.#terms.isr.length >= this.#terms.minIsr;
  }

  /** Notes a replica's ends; true when the watermark moved. */
  progressed(replica: BrokerId, ends: ReplicaEnds): boolean {
    assert(ends.flushedEnd <= ends.writtenEnd, 'what is flushed was written', { ...ends });
    this.#ends.set(replica, ends);
    return this.#advance();
  }

  /** Takes new terms; true when the watermark moved. */
  changeTerms(terms: ReplicationTerms): boolean {
    this.#terms = terms;
    this.#maximalIsr = union(terms);
    return this.#advance();
  }

  #advance(): boolean {
    if (!this.hasQuorum) return false;
    let minimum = Number.POSITIVE_INFINITY;
    for (const replica of this.#maximalIsr) {
      const ends = this.#ends.get(replica);
      // A member that has not been heard of in this epoch confirms nothing.
      if (ends === undefined) return false;
      minimum = Math.min(minimum, this.#terms.flush === 'sync' ? ends.flushedEnd : ends.writtenEnd);
    }
    if (minimum === Number.POSITIVE_INFINITY || minimum <= this.#value) return false;
    this.#value = minimum as Offset;
    return true;
  }
}

function union(terms: ReplicationTerms): readonly BrokerId[] {
  if (terms.isr === terms.proposedIsr) return terms.isr;
  return [...new Set([...terms.isr, ...terms.proposedIsr])].map((id) => present(id, 'a member of the ISR has an id'));
}
