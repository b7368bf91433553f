import { ratiosOf, type Spread, spreadOf } from './statistics.ts';

/** Our figures beside those of Kafka, run by run. */
export interface Comparison {
  readonly ours: Spread;
  readonly kafka?: Spread;
  /** Ours divided by Kafka's, pair by pair. */
  readonly ratio?: Spread;
  /** Pairs without Kafka's figure; absent when there are none. */
  readonly missingPairs?: number;
}

/** Collects pairs of runs that followed each other. Kafka's half may be missing: then our figure counts, and no ratio. */
export class PairedRuns {
  readonly #ours: number[] = [];
  readonly #pairs: { readonly ours: number; readonly kafka: number }[] = [];

  add(ours: number, kafka: number | undefined): void {
    this.#ours.push(ours);
    if (kafka !== undefined) this.#pairs.push({ ours, kafka });
  }

  /** Of the last run. */
  get newest(): number | undefined {
    return this.#ours.at(-1);
  }

  /** With whether there was a Kafka to compare with at all. */
  comparison(compared: boolean): Comparison {
    const ours = spreadOf(this.#ours);
    if (!compared) return { ours };
    const missing = this.#ours.length - this.#pairs.length;
    const note = missing === 0 ? {} : { missingPairs: missing };
    if (this.#pairs.length === 0) return { ours, ...note };
    const kafka = this.#pairs.map((pair) => pair.kafka);
    const own = this.#pairs.map((pair) => pair.ours);
    // Kafka's latency tool counts whole milliseconds: there is no ratio to none.
    return { ours, kafka: spreadOf(kafka), ...(kafka.includes(0) ? {} : { ratio: ratiosOf(own, kafka) }), ...note };
  }
}
