import type { Counter, Gauge, Histogram, Labelled, Meter, MetricDefinition } from '@moldau/kernel';
import type { MetricSample } from './thread-messages.ts';

/** Values of a histogram that are kept until the next beat; more are dropped, as one task makes many a second. */
const HISTOGRAM_VALUES_MAX = 256;
/** Series of one thread; more would be a label that is not bounded. */
const SERIES_MAX = 500;

interface Series {
  readonly kind: MetricSample['kind'];
  readonly definition: MetricDefinition & { readonly buckets?: readonly number[] };
  readonly values: readonly string[];
  numbers: number[];
  read: (() => number) | undefined;
}

/** A meter whose numbers travel to the worker with each beat. */
export class ThreadMeter implements Meter {
  readonly #series = new Map<string, Series>();

  counter(definition: MetricDefinition): Labelled<Counter> {
    return this.#labelled('counter', definition, (series) => ({
      add: (amount) => {
        series.numbers[0] = (series.numbers[0] ?? 0) + amount;
      },
    }));
  }

  gauge(definition: MetricDefinition): Labelled<Gauge> {
    return this.#labelled('gauge', definition, (series) => ({
      set: (value) => {
        series.numbers[0] = value;
      },
      observe: (read) => {
        series.read = read;
      },
    }));
  }

  histogram(definition: MetricDefinition & { readonly buckets: readonly number[] }): Labelled<Histogram> {
    return this.#labelled('histogram', definition, (series) => ({
      record: (value) => {
        if (series.numbers.length < HISTOGRAM_VALUES_MAX) series.numbers.push(value);
      },
    }));
  }

  /** What changed since the last call. */
  take(): readonly MetricSample[] {
    const samples: MetricSample[] = [];
    for (const series of this.#series.values()) {
      if (series.read !== undefined) series.numbers = [series.read()];
      if (series.numbers.length === 0) continue;
      const { kind, values, definition, numbers } = series;
      const { name, help, labels = [], buckets } = definition;
      samples.push({ kind, name, help, labels, values, numbers, ...(buckets === undefined ? {} : { buckets }) });
      series.numbers = [];
    }
    return samples;
  }

  #labelled<Instrument>(
    kind: Series['kind'],
    definition: Series['definition'],
    make: (series: Series) => Instrument,
  ): Labelled<Instrument> {
    const nowhere: Series = { kind, definition, values: [], numbers: [], read: undefined };
    return {
      with: (...values) => {
        const key = [definition.name, ...values].join('\0');
        const known = this.#series.get(key);
        if (known === undefined && this.#series.size >= SERIES_MAX) return make(nowhere);
        const series = known ?? { kind, definition, values, numbers: [], read: undefined };
        this.#series.set(key, series);
        return make(series);
      },
      remove: (...values) => void this.#series.delete([definition.name, ...values].join('\0')),
    };
  }
}
