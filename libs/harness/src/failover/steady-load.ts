import type { Consumer, Moldau, Producer, RecordMetadata } from '@moldau/client';
import { GapMeter } from './gap-meter.ts';
import { Ledger } from './ledger.ts';

export interface SteadyLoadOptions {
  readonly moldau: Moldau;
  /** Exists, and nobody else writes to it. */
  readonly topic: string;
  readonly partitions: number;
  readonly recordsPerSecond: number;
}

/** How often records are sent: all that are due. */
const TICK_MS = 5;
const VALUE_BYTES = 100;
const FAILURES_KEPT_MAX = 20;
/** Longer than any outage of a test: what the brokers did not refuse is settled by their answer, not by this. */
const DELIVERY_TIMEOUT_MS = 300_000;
/** After everything was acknowledged, what is not read by then is lost. */
const READ_TIMEOUT_MS = 20_000;
const POLL_MS = 20;

/**
 * An idempotent producer that writes to all partitions in turn at a steady rate, whatever became of the records before, and a
 * consumer that reads along: what became of each record, and how long each partition was silent.
 */
export class SteadyLoad implements AsyncDisposable {
  readonly ledger = new Ledger();
  readonly acknowledgements: GapMeter;
  readonly reads: GapMeter;
  /** Why the first sends failed that did. */
  readonly failures: string[] = [];
  readonly #options: SteadyLoadOptions;
  readonly #producer: Producer;
  readonly #consumer: Consumer;
  readonly #startedAt = performance.now();
  #timer: NodeJS.Timeout | undefined;
  #reading: Promise<void>;

  constructor(options: SteadyLoadOptions) {
    const { moldau, topic, partitions } = options;
    this.#options = options;
    this.acknowledgements = new GapMeter(partitions, this.#startedAt);
    this.reads = new GapMeter(partitions, this.#startedAt);
    this.#producer = moldau.producer({ deliveryTimeoutMs: DELIVERY_TIMEOUT_MS, maxBlockMs: DELIVERY_TIMEOUT_MS });
    this.#consumer = moldau.consumer({ assignment: [{ topic, from: 'earliest' }] });
    this.#timer = setInterval(() => this.#send(), TICK_MS);
    this.#reading = this.#read();
    // Whoever finishes hears of it.
    this.#reading.catch(() => {});
  }

  /** Sends no more, waits until all is settled, and until all that was acknowledged is read, or for a while. */
  async finish(): Promise<void> {
    clearInterval(this.#timer);
    await this.#producer.close({ timeoutMs: DELIVERY_TIMEOUT_MS });
    const deadline = performance.now() + READ_TIMEOUT_MS;
    while (this.ledger.totals().unread > 0 && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    await this.#consumer.close();
    await this.#reading;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#producer.close({ timeoutMs: 0 });
    await this.#consumer.close();
  }

  #send(): void {
    const { recordsPerSecond, partitions, topic } = this.#options;
    const due = ((performance.now() - this.#startedAt) * recordsPerSecond) / 1000;
    while (this.ledger.totals().sent < due) {
      const number = this.ledger.next();
      const value = Buffer.alloc(VALUE_BYTES);
      value.writeUInt32LE(number, 0);
      this.#producer.send({ topic, partition: number % partitions, value }).then(
        (record: RecordMetadata) => {
          this.ledger.acknowledged(number);
          this.acknowledgements.happened(record.partition, performance.now());
        },
        (error: unknown) => {
          this.ledger.failed(number);
          if (this.failures.length < FAILURES_KEPT_MAX) this.failures.push(String(error));
        },
      );
    }
  }

  async #read(): Promise<void> {
    for await (const batch of this.#consumer.batches()) {
      const nowMs = performance.now();
      for (const { partition, value } of batch.records) {
        this.ledger.read(partition, value === null ? Number.MAX_SAFE_INTEGER : Buffer.from(value).readUInt32LE(0));
        this.reads.happened(partition, nowMs);
      }
    }
  }
}
