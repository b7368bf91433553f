import { assert, type Labelled, type Meter, type MetricDefinition } from '@moldau/kernel';
import { type Metric, Registry } from 'prom-client';
import { CounterChild, GaugeChild, HistogramChild, MetricFamily } from './metric-family.ts';

/** What every metric of Moldau begins with. */
export const METRIC_PREFIX = 'moldau_';

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
    // All that a registry does with a metric is to read its name and to get its samples.
    registry.registerMetric(family as unknown as Metric);
    if (labels.length === 0) family.with();
    return family;
  };

  return {
    registry,
    expose: () => registry.metrics(),
    contentType: registry.contentType,
    counter: (definition) => once(definition, () => new MetricFamily('counter', definition, (labels) => new CounterChild(labels))),
    gauge: (definition) => once(definition, () => new MetricFamily('gauge', definition, (labels) => new GaugeChild(labels))),
    histogram: (definition) =>
      once(definition, () => new MetricFamily('histogram', definition, (labels) => new HistogramChild(definition, labels))),
  };
}
