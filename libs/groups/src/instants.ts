/** The moment of an operation, by both clocks of its node. */
export interface Instants {
  /** For sessions and deadlines. */
  readonly monotonicMs: number;
  /** For what is written: times of commits and expiries, milliseconds since the Unix epoch. */
  readonly wallMs: number;
}
