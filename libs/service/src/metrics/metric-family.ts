import {
  assert,
  type Counter,
  type Gauge,
  type Histogram,
  type HistogramDefinition,
  type Labelled,
  type MetricDefinition,
} from '@moldau/kernel';

/** Separates label values in the key of a child; no label value holds it. */
const KEY_SEPARATOR = '\u0000';

type Labels = Readonly<Record<string, string | number>>;

/** A line of a scrape. */
export interface Sample {
  readonly labels: Labels;
  readonly value: number;
  /** Where it differs from the family's name. */
  readonly metricName?: string;
}

/** One of the children of a family: a number, or several, that are read when they are scraped. */
interface Child {
  samples(): readonly Sample[];
}

/**
 * A metric with its children, as a registry of prom-client scrapes it. The children are plain numbers: prom-client's own check labels and
 * hash them at every change, which costs more than most of what is counted.
 */
export class MetricFamily<Instrument extends Child> implements Labelled<Instrument> {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly aggregator = 'sum';
  readonly #labels: readonly string[];
  readonly #make: (labels: Labels) => Instrument;
  readonly #children = new Map<string, Instrument>();

  constructor(type: 'counter' | 'gauge' | 'histogram', definition: MetricDefinition, make: (labels: Labels) => Instrument) {
    this.type = type;
    this.name = definition.name;
    this.help = definition.help;
    this.#labels = definition.labels ?? [];
    this.#make = make;
  }

  with(...values: readonly string[]): Instrument {
    assert(values.length === this.#labels.length, 'one value for each label', { name: this.name, values });
    const key = values.join(KEY_SEPARATOR);
    let child = this.#children.get(key);
    if (child === undefined) {
      child = this.#make(Object.fromEntries(this.#labels.map((label, at) => [label, values[at] ?? ''])));
      this.#children.set(key, child);
    }
    return child;
  }

  remove(...values: readonly string[]): void {
    this.#children.delete(values.join(KEY_SEPARATOR));
  }

  /** What prom-client asks for. */
  get(): Promise<{
    readonly name: string;
    readonly help: string;
    readonly type: string;
    readonly values: Sample[];
    readonly aggregator: string;
  }> {
    const { name, help, type, aggregator } = this;
    const values = [...this.#children.values()].flatMap((child) => child.samples());
    return Promise.resolve({ name, help, type, values, aggregator });
  }
}

/** Shown once it has counted something; without labels from the start. */
export class CounterChild implements Counter, Child {
  readonly #labels: Labels;
  #value: number | undefined;

  constructor(labels: Labels) {
    this.#labels = labels;
    if (hasNone(labels)) this.#value = 0;
  }

  add(amount: number): void {
    if (!(amount >= 0)) assert(false, 'a counter only rises', { amount });
    this.#value = (this.#value ?? 0) + amount;
  }

  samples(): readonly Sample[] {
    return this.#value === undefined ? [] : [{ labels: this.#labels, value: this.#value }];
  }
}

/** Shown once it has a value; without labels from the start. */
export class GaugeChild implements Gauge, Child {
  readonly #labels: Labels;
  #value: number | undefined;
  #read: (() => number) | undefined;

  constructor(labels: Labels) {
    this.#labels = labels;
    if (hasNone(labels)) this.#value = 0;
  }

  set(value: number): void {
    this.#value = value;
  }

  observe(read: () => number): void {
    this.#read = read;
  }

  samples(): readonly Sample[] {
    if (this.#read !== undefined) this.#value = this.#read();
    return this.#value === undefined ? [] : [{ labels: this.#labels, value: this.#value }];
  }
}

/** Shown once it has recorded something; without labels from the start. */
export class HistogramChild implements Histogram, Child {
  readonly #name: string;
  readonly #labels: Labels;
  readonly #bounds: readonly number[];
  /** Of each bound, those above the one before; the last: above all bounds. */
  readonly #counts: number[];
  #sum = 0;
  #count = 0;

  constructor({ name, buckets }: HistogramDefinition, labels: Labels) {
    this.#name = name;
    this.#labels = labels;
    this.#bounds = buckets;
    this.#counts = new Array<number>(buckets.length + 1).fill(0);
  }

  record(value: number): void {
    if (!Number.isFinite(value)) assert(false, 'a histogram records numbers', { name: this.#name, value });
    const bounds = this.#bounds;
    let at = 0;
    while (at < bounds.length && value > bounds[at]!) at += 1;
    this.#counts[at]! += 1;
    this.#sum += value;
    this.#count += 1;
  }

  samples(): readonly Sample[] {
    if (this.#count === 0 && !hasNone(this.#labels)) return [];
    let below = 0;
    const bucket = `${this.#name}_bucket`;
    const buckets = this.#bounds.map((le, at): Sample => {
      below += this.#counts[at]!;
      return { labels: { le, ...this.#labels }, value: below, metricName: bucket };
    });
    return [
      ...buckets,
      { labels: { le: '+Inf', ...this.#labels }, value: this.#count, metricName: bucket },
      { labels: this.#labels, value: this.#sum, metricName: `${this.#name}_sum` },
      { labels: this.#labels, value: this.#count, metricName: `${this.#name}_count` },
    ];
  }
}

function hasNone(labels: Labels): boolean {
  return Object.keys(labels).length === 0;
}
