/** Randomness; seeded in simulation. */
export interface Random {
  /** Uniform in [0, 1). */
  fraction(): number;
  /** Uniform integer in [0, limit). */
  below(limit: number): number;
}

/** Sources of identity. */
export interface Ids {
  /** A random version 4 UUID in lower case. */
  uuid(): string;
}
