/** A change of one key of a table: what it holds now and what it held before; null for nothing. */
export interface Change<V> {
  readonly value: V | null;
  readonly old: V | null;
}
