import type { Counter, Gauge, Labelled, Meter } from '@moldau/kernel';
import type { RunState } from '../core/run-status.ts';
import type { WantedRun } from '../core/wanted-runs.ts';
import type { MetricSample } from './thread/thread-messages.ts';

/** Series of tasks' own metrics on one worker; more are dropped. */
const SERIES_MAX = 20_000;
const STATES: Readonly<Record<RunState, number>> = { UNASSIGNED: 0, RUNNING: 1, PAUSED: 2, STOPPED: 3, FAILED: 4, RESTARTING: 5 };

interface Known {
  readonly add: (numbers: readonly number[]) => void;
  readonly remove: () => void;
}

/** Metrics of this worker's runs: their states and restarts, and what their threads count. */
export class TaskMetrics {
  readonly #meter: Meter;
  readonly #state: Labelled<Gauge>;
  readonly #restarts: Labelled<Counter>;
  /** By run, then by metric and labels. */
  readonly #series = new Map<string, Map<string, Known>>();
  #count = 0;

  constructor(meter: Meter) {
    this.#meter = meter;
    const labels = ['connector', 'task'];
    const help = 'State of a connector (no task) or task here: 1 running, 2 paused, 4 failed, 5 about to be restarted.';
    this.#state = meter.gauge({ name: 'moldau_connect_run_state', help, labels });
    this.#restarts = meter.counter({ name: 'moldau_connect_run_restarts_total', help: 'Automatic restarts.', labels });
  }

  state(run: WantedRun, state: RunState): void {
    this.#state.with(...namesOf(run)).set(STATES[state]);
  }

  restarted(run: WantedRun): void {
    this.#restarts.with(...namesOf(run)).add(1);
  }

  add(run: WantedRun, samples: readonly MetricSample[]): void {
    const key = namesOf(run).join('/');
    const series = this.#series.get(key) ?? new Map<string, Known>();
    this.#series.set(key, series);
    for (const sample of samples) {
      const name = [sample.name, ...sample.values].join('\0');
      let known = series.get(name);
      if (known === undefined) {
        if (this.#count >= SERIES_MAX) continue;
        this.#count += 1;
        known = this.#create(run, sample);
        series.set(name, known);
      }
      known.add(sample.numbers);
    }
  }

  /** It runs here no more. */
  forget(run: WantedRun): void {
    const names = namesOf(run);
    this.#state.remove(...names);
    this.#restarts.remove(...names);
    const series = this.#series.get(names.join('/'));
    if (series === undefined) return;
    this.#series.delete(names.join('/'));
    this.#count -= series.size;
    for (const known of series.values()) known.remove();
  }

  #create(run: WantedRun, { kind, name, help, labels, values, buckets = [] }: MetricSample): Known {
    const definition = { name, help, labels: ['connector', 'task', ...labels] };
    const all = [...namesOf(run), ...values];
    if (kind === 'histogram') {
      const labelled = this.#meter.histogram({ ...definition, buckets });
      const histogram = labelled.with(...all);
      return { add: (numbers) => numbers.forEach((number) => histogram.record(number)), remove: () => labelled.remove(...all) };
    }
    if (kind === 'gauge') {
      const labelled = this.#meter.gauge(definition);
      const gauge = labelled.with(...all);
      return { add: (numbers) => gauge.set(numbers.at(-1) ?? 0), remove: () => labelled.remove(...all) };
    }
    const labelled = this.#meter.counter(definition);
    const counter = labelled.with(...all);
    return { add: (numbers) => counter.add(numbers.reduce((sum, number) => sum + number, 0)), remove: () => labelled.remove(...all) };
  }
}

function namesOf({ connector, task }: WantedRun): readonly [string, string] {
  return [connector, task === undefined ? '' : String(task)];
}
