import type { CopyThrottle } from './copy-throttle.ts';

const MIB = 1024 * 1024;
/** Bytes of batches on their way from one leader: about what a fast disk takes in 20 ms. */
const CREDIT_BYTES = 8 * MIB;
/** Credit is given back when this much has been taken in, so that it costs few messages. */
const CREDIT_STEP_BYTES = CREDIT_BYTES / 8;

/** What a leader may send on one stream before it gets more credit. */
export interface LeaderCredit {
  /** Begins with a new stream; what it opens with, ≥ 1. */
  open(): number;
  /** Batches have come; whether credit is due now. */
  took(bytes: number): boolean;
  /** What to give the leader now, to be sent; 0: nothing. */
  due(): number;
}

/** Gives back what was taken in. */
export class SteadyCredit implements LeaderCredit {
  #takenBytes = 0;

  open(): number {
    this.#takenBytes = 0;
    return CREDIT_BYTES;
  }

  took(bytes: number): boolean {
    this.#takenBytes += bytes;
    return this.#takenBytes >= CREDIT_STEP_BYTES;
  }

  due(): number {
    if (this.#takenBytes < CREDIT_STEP_BYTES) return 0;
    const bytes = this.#takenBytes;
    this.#takenBytes = 0;
    return bytes;
  }
}

/** Gives what the throttle allows, and never more ahead than it gives at once: what is unused is a burst to come. */
export class ThrottledCredit implements LeaderCredit {
  readonly #throttle: CopyThrottle;
  /** Given and not used; below 0 after a batch that was larger than what was left, until the throttle has made up for it. */
  #aheadBytes = 0;

  constructor(throttle: CopyThrottle) {
    this.#throttle = throttle;
  }

  open(): number {
    // A leader sends a whole batch for it: more is not needed to begin.
    this.#aheadBytes = 1;
    return 1;
  }

  took(bytes: number): boolean {
    this.#aheadBytes -= bytes;
    return false;
  }

  due(): number {
    const bytes = this.#throttle.take(Math.min(CREDIT_BYTES, this.#throttle.burstBytes) - this.#aheadBytes);
    this.#aheadBytes += bytes;
    return bytes;
  }
}
