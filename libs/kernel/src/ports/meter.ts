/** Metrics. Names carry the prefix `moldau_` and base units; get the labelled child once, outside the hot path. */
export interface Meter {
  counter(definition: MetricDefinition): Labelled<Counter>;
  gauge(definition: MetricDefinition): Labelled<Gauge>;
  histogram(definition: HistogramDefinition): Labelled<Histogram>;
}

export interface MetricDefinition {
  readonly name: string;
  readonly help: string;
  /** Label names; their values must be bounded in number. */
  readonly labels?: readonly string[];
}

export interface HistogramDefinition extends MetricDefinition {
  /** Upper bounds of the buckets, ascending, in the unit of the name. */
  readonly buckets: readonly number[];
}

export interface Labelled<Instrument> {
  /** The instrument for these label values, in the order of the definition's labels. */
  with(...values: readonly string[]): Instrument;
  /** Forgets the instrument of these label values: the thing it measured is gone. */
  remove(...values: readonly string[]): void;
}

export interface Counter {
  add(amount: number): void;
}

export interface Gauge {
  set(value: number): void;
  /** Reads the value when it is scraped, instead of `set`. */
  observe(read: () => number): void;
}

export interface Histogram {
  record(value: number): void;
}

const ignore = (): void => {};
const instrument = { add: ignore, set: ignore, observe: ignore, record: ignore };
const labelled = { with: () => instrument, remove: ignore };

export const silentMeter: Meter = { counter: () => labelled, gauge: () => labelled, histogram: () => labelled };
