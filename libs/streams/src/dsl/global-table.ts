/** A table of which every instance holds a whole copy, so that records are joined with it by any key. */
export class GlobalTable<K, V> {
  /** Of its store, for queries. */
  readonly name: string;
  /** Never there at run time: carry the types. */
  declare readonly key: K;
  declare readonly value: V;

  /** @internal */
  constructor(name: string) {
    this.name = name;
  }
}
