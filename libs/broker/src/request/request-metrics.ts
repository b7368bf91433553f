import type { Counter, ErrorName, Gauge, Histogram, Labelled, Meter, MethodPath } from '@moldau/kernel';

const SECONDS_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const MS_PER_SECOND = 1000;

/** The instruments of one method, looked up once. */
export interface MethodMetrics {
  started(): void;
  ended(durationMs: number, error: ErrorName | undefined): void;
}

/** Counts and times calls by method; labels are methods of the registry and names of the catalogue, so bounded. */
export class RequestMetrics {
  readonly #requests: Labelled<Counter>;
  readonly #errors: Labelled<Counter>;
  readonly #seconds: Labelled<Histogram>;
  readonly #underWay: Labelled<Gauge>;
  readonly #methods = new Map<MethodPath, MethodMetrics>();

  constructor(meter: Meter) {
    this.#requests = meter.counter({ name: 'moldau_requests_total', help: 'Calls received, by method.', labels: ['method'] });
    this.#errors = meter.counter({
      name: 'moldau_request_errors_total',
      help: 'Calls that failed as a whole, by method and error.',
      labels: ['method', 'reason'],
    });
    this.#seconds = meter.histogram({
      name: 'moldau_request_seconds',
      help: 'Time from the arrival of a call to its end, by method; streams count from open to close.',
      labels: ['method'],
      buckets: SECONDS_BUCKETS,
    });
    this.#underWay = meter.gauge({ name: 'moldau_requests_under_way', help: 'Calls under way, by method.', labels: ['method'] });
  }

  /** The same for a method wherever it is mounted. */
  of(path: MethodPath): MethodMetrics {
    const known = this.#methods.get(path) ?? this.#create(path);
    this.#methods.set(path, known);
    return known;
  }

  #create(path: MethodPath): MethodMetrics {
    const method = path.slice(path.lastIndexOf('.') + 1);
    const requests = this.#requests.with(method);
    const seconds = this.#seconds.with(method);
    let underWay = 0;
    this.#underWay.with(method).observe(() => underWay);
    return {
      started: () => {
        requests.add(1);
        underWay += 1;
      },
      ended: (durationMs, error) => {
        underWay -= 1;
        seconds.record(durationMs / MS_PER_SECOND);
        if (error !== undefined) this.#errors.with(method, error).add(1);
      },
    };
  }
}
