import {
  assert,
  type Counter,
  type Gauge,
  type Histogram,
  type HistogramDefinition,
  type Labelled,
  type Meter,
  type MetricDefinition,
} from '@moldau/kernel';

/** What one instrument has seen: a counter's or a gauge's value, a histogram's values in order. */
interface Series {
  value: number;
  read: (() => number) | undefined;
  readonly values: number[];
}

/** Values kept per histogram; the oldest go first. */
const VALUES_MAX = 100_000;

/** Keeps what is measured, by metric name and label values. A name defined twice is the same metric. */
export class RecordingMeter implements Meter {
  readonly #metrics = new Map<string, { readonly labels: readonly string[]; readonly series: Map<string, Series> }>();

  counter(definition: MetricDefinition): Labelled<Counter> {
    return this.#labelled(definition, (series) => ({
      add: (amount) => {
        assert(amount >= 0, 'a counter only rises', { name: definition.name, amount });
        series.value += amount;
      },
    }));
  }

  gauge(definition: MetricDefinition): Labelled<Gauge> {
    return this.#labelled(definition, (series) => ({
      set: (value) => {
        series.value = value;
      },
      observe: (read) => {
        series.read = read;
      },
    }));
  }

  histogram(definition: HistogramDefinition): Labelled<Histogram> {
    return this.#labelled(definition, (series) => ({
      record: (value) => {
        if (series.values.length >= VALUES_MAX) series.values.shift();
        series.values.push(value);
        series.value += value;
      },
    }));
  }

  /** The value of a counter or gauge, the sum of a histogram; 0 when nothing was measured. */
  value(name: string, ...labels: readonly string[]): number {
    const series = this.#find(name, labels);
    return series?.read?.() ?? series?.value ?? 0;
  }

  /** The values a histogram recorded. */
  values(name: string, ...labels: readonly string[]): readonly number[] {
    return this.#find(name, labels)?.values ?? [];
  }

  #find(name: string, labels: readonly string[]): Series | undefined {
    return this.#metrics.get(name)?.series.get(JSON.stringify(labels));
  }

  #labelled<Instrument>(definition: MetricDefinition, create: (series: Series) => Instrument): Labelled<Instrument> {
    const metric = this.#metrics.get(definition.name) ?? { labels: definition.labels ?? [], series: new Map<string, Series>() };
    this.#metrics.set(definition.name, metric);
    assert(String(metric.labels) === String(definition.labels ?? []), 'a metric is defined with the same labels each time', {
      name: definition.name,
    });
    return {
      with: (...values) => {
        assert(values.length === metric.labels.length, 'every label has a value', { name: definition.name, values });
        const key = JSON.stringify(values);
        const series = metric.series.get(key) ?? { value: 0, read: undefined, values: [] };
        metric.series.set(key, series);
        return create(series);
      },
      remove: (...values) => void metric.series.delete(JSON.stringify(values)),
    };
  }
}
