import type { Counter, ErrorName, Labelled, Meter } from '@moldau/kernel';

/** What the fetch path counts. */
export class FetchMetrics {
  readonly #bytes: Counter;
  readonly #reads: Labelled<Counter>;
  readonly #memory: Counter;
  readonly #disk: Counter;
  readonly #errors: Labelled<Counter>;

  constructor(meter: Meter) {
    this.#bytes = meter.counter({ name: 'moldau_fetch_bytes_total', help: 'Bytes of batches sent to consumers.' }).with();
    this.#reads = meter.counter({
      name: 'moldau_fetch_reads_total',
      help: 'Reads of partitions for consumers, by whether memory had all of it or the disk was asked.',
      labels: ['source'],
    });
    this.#memory = this.#reads.with('memory');
    this.#disk = this.#reads.with('disk');
    this.#errors = meter.counter({
      name: 'moldau_fetch_partition_errors_total',
      help: 'Partitions that could not be read, by error.',
      labels: ['reason'],
    });
  }

  read(source: 'memory' | 'disk'): void {
    (source === 'memory' ? this.#memory : this.#disk).add(1);
  }

  sent(bytes: number): void {
    this.#bytes.add(bytes);
  }

  failed(reason: ErrorName): void {
    this.#errors.with(reason).add(1);
  }
}
