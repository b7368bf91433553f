import { assert, type Counter, type Gauge, type Histogram, type Labelled, type Meter, type MetricDefinition } from '@moldau/kernel';
import { Counter as PromCounter, Gauge as PromGauge, Histogram as PromHistogram, Registry } from 'prom-client';

/** What every metric of Moldau begins with. */
export const METRIC_PREFIX = 'moldau_';

/** Separates label values in the key of a child; no label value holds it. */
const KEY_SEPARATOR = '\u0000';

/** A meter whose metrics are scraped as text. */
export interface PromMeter extends Meter {
  readonly registry: Registry;
  /** All metrics in Prometheus' text format. */
  expose(): Promise<string>;
  readonly contentType: string;
}

/** Metrics by prom-client. Asking twice for the same name answers with the same metric; its labels must be the same too. */
export function createMeter(): PromMeter {
  const registry = new Registry();
  const families = new Map<string, { readonly labels: readonly string[]; readonly family: unknown }>();

  const once = <Instrument>(definition: MetricDefinition, make: () => Labelled<Instrument>): Labelled<Instrument> => {
    const labels = definition.labels ?? [];
    assert(definition.name.startsWith(METRIC_PREFIX), `a metric begins with ${METRIC_PREFIX}`, { name: definition.name });
    const known = families.get(definition.name);
    if (known !== undefined) {
      assert(known.labels.join() === labels.join(), 'a metric has one set of labels', { name: definition.name });
      return known.family as Labelled<Instrument>;
    }
    const family = make();
    families.set(definition.name, { labels, family });
    return family;
  };

  return {
    registry,
    expose: () => registry.metrics(),
    contentType: registry.contentType,
    counter: (definition) => once(definition, () => counter(registry, definition)),
    gauge: (definition) => once(definition, () => gauge(registry, definition)),
    histogram: (definition) => once(definition, () => histogram(registry, definition, definition.buckets)),
  };
}

function configuration(
  registry: Registry,
  definition: MetricDefinition,
): { name: string; help: string; labelNames: string[]; registers: Registry[] } {
  return { name: definition.name, help: definition.help, labelNames: [...(definition.labels ?? [])], registers: [registry] };
}

function counter(registry: Registry, definition: MetricDefinition): Labelled<Counter> {
  const family = new PromCounter(configuration(registry, definition));
  return labelled(definition, family, (values) => {
    const child = family.labels(...values);
    return { add: (amount) => child.inc(amount) };
  });
}

function histogram(registry: Registry, definition: MetricDefinition, buckets: readonly number[]): Labelled<Histogram> {
  const family = new PromHistogram({ ...configuration(registry, definition), buckets: [...buckets] });
  return labelled(definition, family, (values) => {
    const child = family.labels(...values);
    return { record: (value) => child.observe(value) };
  });
}

function gauge(registry: Registry, definition: MetricDefinition): Labelled<Gauge> {
  const readers = new Map<string, () => void>();
  const family = new PromGauge({
    ...configuration(registry, definition),
    collect: () => {
      for (const read of readers.values()) read();
    },
  });
  const instruments = labelled(definition, family, (values) => {
    const child = family.labels(...values);
    return {
      set: (value: number) => child.set(value),
      observe: (read: () => number) => {
        readers.set(values.join(KEY_SEPARATOR), () => child.set(read()));
      },
    };
  });
  return {
    with: instruments.with,
    remove(...values): void {
      readers.delete(values.join(KEY_SEPARATOR));
      instruments.remove(...values);
    },
  };
}

/** Children are made once for each set of label values, so that `with` is a look-up afterwards. */
function labelled<Instrument>(
  definition: MetricDefinition,
  family: { remove(...values: string[]): void },
  make: (values: readonly string[]) => Instrument,
): Labelled<Instrument> {
  const children = new Map<string, Instrument>();
  const labelCount = definition.labels?.length ?? 0;
  return {
    with(...values): Instrument {
      assert(values.length === labelCount, 'one value for each label', { name: definition.name, values });
      const key = values.join(KEY_SEPARATOR);
      let child = children.get(key);
      if (child === undefined) {
        child = make(values);
        children.set(key, child);
      }
      return child;
    },
    remove(...values): void {
      if (children.delete(values.join(KEY_SEPARATOR))) family.remove(...values);
    },
  };
}
