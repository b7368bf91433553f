import type { Cluster } from '../cluster/cluster.ts';
import { parseProducerOptions } from './producer-settings.ts';
import type { CloseOptions, ProducerOptions, ProducerRecord, ProducerStats, RecordMetadata, SendOptions } from './producer-types.ts';
import { RecordSender } from './record-sender.ts';

/**
 * Sends records, in batches. Each record ends exactly once: its promise resolves with its place in the log, or rejects with
 * a `MoldauError` that says whether the record may have been written (`certainty`). Made by `moldau.producer`.
 *
 * @example
 * await using producer = moldau.producer({ keySerializer: serdes.string, valueSerializer: serdes.json<Order>() });
 * const { partition, offset } = await producer.send({ topic: 'orders', key: order.id, value: order });
 */
export class Producer<K = Uint8Array, V = Uint8Array> {
  readonly #sender: RecordSender<K, V>;

  /** For `moldau.producer`. @internal */
  constructor(cluster: Cluster, options: ProducerOptions<K, V>, onClosed: () => void) {
    this.#sender = new RecordSender(cluster, parseProducerOptions(options, cluster.settings.requestTimeoutMs), onClosed);
  }

  /**
   * Sends a record; records of one partition arrive in the order of the calls. Waits while the buffer is full, so a loop
   * that awaits `send`, or `drained` whenever `writable` is false, never takes more memory than `bufferBytes`.
   *
   * Rejects with MoldauError. Definite (surely not written): SERIALIZATION_FAILED, RECORD_TOO_LARGE, INVALID_PARTITION,
   * INVALID_TIMESTAMP, UNKNOWN_TOPIC, BUFFER_FULL, DELIVERY_EXPIRED, CLIENT_CLOSED, and what brokers refuse. Indefinite
   * (perhaps written): DELIVERY_TIMED_OUT, DELIVERY_UNKNOWN, CANCELLED, DUPLICATE_SEQUENCE.
   */
  send(record: ProducerRecord<K, V>, options?: SendOptions): Promise<RecordMetadata> {
    return this.#sender.send(record, options);
  }

  /**
   * Whether more records would be of use now: false while the buffer is full, and already while enough waits to keep the
   * brokers busy. A loop that sends without awaiting each record stays fast and lean if it awaits `drained` meanwhile.
   */
  get writable(): boolean {
    return this.#sender.writable;
  }

  /** Resolves when `writable` is true, or the producer is closed. */
  drained(): Promise<void> {
    return this.#sender.drained();
  }

  /** Sends what waits for company, and resolves when all records sent before are acknowledged or failed. */
  flush(): Promise<void> {
    return this.#sender.flush();
  }

  /** Flushes, for at most `timeoutMs`; what is not confirmed then fails. Afterwards nothing of the producer runs any more. */
  close(options: CloseOptions = {}): Promise<void> {
    return this.#sender.close(options);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  stats(): ProducerStats {
    return this.#sender.stats();
  }
}
