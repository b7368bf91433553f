import type { Counter, ErrorName, Histogram, Labelled, Meter } from '@moldau/kernel';

const STAGE_SECONDS_BUCKETS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30];
const MS_PER_SECOND = 1000;

/** What the produce path counts. */
export class ProduceMetrics {
  readonly #bytes: Counter;
  readonly #records: Counter;
  readonly #batches: Counter;
  readonly #errors: Labelled<Counter>;
  readonly #queue: Histogram;
  readonly #append: Histogram;
  readonly #confirm: Histogram;
  readonly #respond: Histogram;

  constructor(meter: Meter) {
    this.#bytes = meter.counter({ name: 'moldau_produce_bytes_total', help: 'Bytes of batches taken from producers.' }).with();
    this.#records = meter.counter({ name: 'moldau_produce_records_total', help: 'Records taken from producers.' }).with();
    this.#batches = meter.counter({ name: 'moldau_produce_batches_total', help: 'Batches taken from producers.' }).with();
    this.#errors = meter.counter({
      name: 'moldau_produce_batch_errors_total',
      help: 'Batches that failed, by error.',
      labels: ['reason'],
    });
    const stages = meter.histogram({
      name: 'moldau_produce_stage_seconds',
      help: 'Time in each stage of a produce: queue (arrival to append), append, flush (append to confirmation), respond.',
      labels: ['stage'],
      buckets: STAGE_SECONDS_BUCKETS,
    });
    this.#queue = stages.with('queue');
    this.#append = stages.with('append');
    this.#confirm = stages.with('flush');
    this.#respond = stages.with('respond');
  }

  taken(sizeBytes: number, records: number): void {
    this.#bytes.add(sizeBytes);
    this.#records.add(records);
    this.#batches.add(1);
  }

  failed(reason: ErrorName): void {
    this.#errors.with(reason).add(1);
  }

  queued(durationMs: number): void {
    this.#queue.record(durationMs / MS_PER_SECOND);
  }

  appended(durationMs: number): void {
    this.#append.record(durationMs / MS_PER_SECOND);
  }

  confirmed(durationMs: number): void {
    this.#confirm.record(durationMs / MS_PER_SECOND);
  }

  responded(durationMs: number): void {
    this.#respond.record(durationMs / MS_PER_SECOND);
  }
}
