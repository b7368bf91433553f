/** What a transaction counted of one origin: the flights by where they stand in the topic. */
export interface CountedFlights {
  readonly origin: string;
  readonly partition: number;
  readonly offsets: readonly number[];
  /** Who counted. */
  readonly member: string;
}

export interface TallyTotals {
  /** Flights that were counted at least once. */
  readonly counted: number;
  /** Of these, more than once. */
  readonly twice: number;
}

/** Adds up what transactions counted, and knows each flight that was counted more than once. */
export class Tally {
  readonly #times = new Map<string, number>();
  readonly #byOrigin = new Map<string, number>();
  #twice = 0;

  add({ origin, partition, offsets }: CountedFlights): void {
    this.#byOrigin.set(origin, (this.#byOrigin.get(origin) ?? 0) + offsets.length);
    for (const offset of offsets) {
      const flight = `${partition}@${offset}`;
      const times = (this.#times.get(flight) ?? 0) + 1;
      this.#times.set(flight, times);
      if (times === 2) this.#twice += 1;
    }
  }

  totals(): TallyTotals {
    return { counted: this.#times.size, twice: this.#twice };
  }

  /** Origins whose counts differ from these. */
  differences(published: ReadonlyMap<string, number>): readonly string[] {
    const origins = new Set([...published.keys(), ...this.#byOrigin.keys()]);
    return [...origins].filter((origin) => published.get(origin) !== this.#byOrigin.get(origin));
  }
}
