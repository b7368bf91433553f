/** What was delivered and not acknowledged yet. */
interface Delivered<Owner> {
  readonly id: number;
  readonly owner: Owner;
  /** Offset of the first record, or of what was skipped before it. */
  readonly from: number;
  readonly records: number;
  readonly atMs: number;
}

/** The unacknowledged deliveries of one stream, by their owners, which are partitions; each owner's in the order of its log. */
export class Deliveries<Owner> {
  readonly #all = new Map<number, Delivered<Owner>>();
  readonly #byOwner = new Map<Owner, Map<number, Delivered<Owner>>>();
  #nextId: number;
  #records = 0;

  /** `firstId`: where ids begin, so that those of another stream are hardly ever taken for this one's. */
  constructor(firstId: number) {
    this.#nextId = firstId;
  }

  /** Records of all. */
  get records(): number {
    return this.#records;
  }

  /** When the oldest was delivered; undefined: all is acknowledged. */
  get oldestMs(): number | undefined {
    for (const { atMs } of this.#all.values()) return atMs;
    return undefined;
  }

  /** The id of a new one. */
  add(owner: Owner, from: number, records: number, atMs: number): number {
    const id = this.#nextId;
    this.#nextId += 1;
    const delivered = { id, owner, from, records, atMs };
    this.#all.set(id, delivered);
    const others = this.#byOwner.get(owner);
    if (others === undefined) this.#byOwner.set(owner, new Map([[id, delivered]]));
    else others.set(id, delivered);
    this.#records += records;
    return id;
  }

  /** Whose it was; undefined: there is none with that id. */
  acknowledge(id: number): Owner | undefined {
    const delivered = this.#all.get(id);
    if (delivered === undefined) return undefined;
    const { owner } = delivered;
    this.#all.delete(id);
    const others = this.#byOwner.get(owner);
    others?.delete(id);
    if (others?.size === 0) this.#byOwner.delete(owner);
    this.#records -= delivered.records;
    return owner;
  }

  /** Where the first one of an owner begins: nothing from there on may be committed. Undefined: all is acknowledged. */
  firstOf(owner: Owner): number | undefined {
    for (const { from } of this.#byOwner.get(owner)?.values() ?? []) return from;
    return undefined;
  }

  /** Forgets those of an owner; their ids. */
  drop(owner: Owner): readonly number[] {
    const ids = [...(this.#byOwner.get(owner)?.keys() ?? [])];
    for (const id of ids) this.acknowledge(id);
    return ids;
  }
}
