/** Time, per node. Sessions, deadlines and leases use only `monotonicMs`; wall time is for records' timestamps and for people. */
export interface Clock {
  /** Milliseconds from an arbitrary start, never backwards, with fractions. */
  monotonicMs(): number;
  /** Whole milliseconds since the Unix epoch; may jump either way. */
  wallMs(): number;
}

/** The moment of an operation, by both clocks of its node. */
export interface Instants {
  /** For sessions and deadlines. */
  readonly monotonicMs: number;
  /** For what is written: times of commits and expiries, milliseconds since the Unix epoch. */
  readonly wallMs: number;
}

/** A timer that has not fired yet. */
export interface Timer {
  /** Idempotent; after it the callback does not run. */
  cancel(): void;
}

/** When code runs. Callbacks must not throw: what they throw is a crash. */
export interface Scheduler {
  /** Runs once, after the current turn of the event loop and the input that is ready now. */
  nextTurn(callback: () => void): void;
  /** Runs once, no earlier than `delayMs` from now. `background` timers do not keep the process alive. */
  after(delayMs: number, callback: () => void, options?: { readonly background?: boolean }): Timer;
}
