import { MoldauError } from '@moldau/kernel';
import { Admin } from './admin/admin.ts';
import type { ClientSettings } from './client-options.ts';
import { Cluster } from './cluster/cluster.ts';
import { Consumer } from './consumer/consumer.ts';
import type { ConsumerOptions } from './consumer/consumer-types.ts';
import { GroupConsumer } from './group/group-consumer.ts';
import type { GroupConsumerOptions } from './group/group-types.ts';
import type { ClientPorts } from './ports.ts';
import { Producer } from './producer/producer.ts';
import type { ProducerOptions } from './producer/producer-types.ts';
import type { ClientHealth } from './status.ts';
import type { TransactionalProducerOptions } from './transaction/transaction-types.ts';
import { TransactionalProducer } from './transaction/transactional-producer.ts';
import { createTransform } from './transform/create-transform.ts';
import type { Transform } from './transform/transform.ts';
import type { TransformOptions } from './transform/transform-types.ts';

/** A connection to a cluster, shared by the producers, consumers and the admin made from it. Connects when first needed. */
export class Moldau {
  readonly #cluster: Cluster;
  readonly #admin: Admin;
  readonly #open = new Set<{ close(): Promise<void> }>();
  #closed: Promise<void> | undefined;

  /** For `createMoldau`, and for tests with ports of their own. @internal */
  constructor(ports: ClientPorts, settings: ClientSettings) {
    this.#cluster = new Cluster(ports, settings);
    this.#admin = new Admin(this.#cluster);
  }

  /** @throws MoldauError INVALID_CONFIG, CLIENT_CLOSED */
  producer<K = Uint8Array, V = Uint8Array>(options: ProducerOptions<K, V> = {}): Producer<K, V> {
    this.#assertOpen();
    const producer: Producer<K, V> = new Producer(this.#cluster, options, () => this.#open.delete(producer));
    this.#open.add(producer);
    return producer;
  }

  /** @throws MoldauError INVALID_CONFIG, INVALID_TRANSACTIONAL_ID, CLIENT_CLOSED */
  transactionalProducer<K = Uint8Array, V = Uint8Array>(options: TransactionalProducerOptions<K, V>): TransactionalProducer<K, V> {
    this.#assertOpen();
    const producer: TransactionalProducer<K, V> = new TransactionalProducer(this.#cluster, options, () => this.#open.delete(producer));
    this.#open.add(producer);
    return producer;
  }

  /**
   * A consumer that shares the partitions of topics with the members of its group, or one of partitions that it is told.
   *
   * @throws MoldauError INVALID_CONFIG, CLIENT_CLOSED
   */
  consumer<K = Uint8Array, V = Uint8Array>(options: GroupConsumerOptions<K, V>): GroupConsumer<K, V>;
  consumer<K = Uint8Array, V = Uint8Array>(options: ConsumerOptions<K, V>): Consumer<K, V>;
  consumer<K, V>(options: ConsumerOptions<K, V> | GroupConsumerOptions<K, V>): Consumer<K, V> | GroupConsumer<K, V> {
    this.#assertOpen();
    let gone = false;
    const onClosed = (): void => {
      gone = true;
      this.#open.delete(consumer);
    };
    const consumer: Consumer<K, V> | GroupConsumer<K, V> =
      'group' in options ? new GroupConsumer(this.#cluster, options, onClosed) : new Consumer(this.#cluster, options, onClosed);
    if (!gone) this.#open.add(consumer);
    return consumer;
  }

  /**
   * Reads topics as members of a group, works on their records, and writes the results, exactly once.
   *
   * @throws MoldauError INVALID_CONFIG, INVALID_TRANSACTIONAL_ID, CLIENT_CLOSED
   */
  transform<InK = Uint8Array, InV = Uint8Array, OutK = Uint8Array, OutV = Uint8Array>(
    options: TransformOptions<InK, InV, OutK, OutV>,
  ): Transform {
    this.#assertOpen();
    const transform: Transform = createTransform(this.#cluster, options, () => this.#open.delete(transform));
    this.#open.add(transform);
    return transform;
  }

  admin(): Admin {
    return this.#admin;
  }

  /** How the client stands now: whether brokers answer, and what can't be written or read; for health checks. */
  health(): ClientHealth {
    return this.#cluster.health.snapshot();
  }

  /** Closes all producers (which flush) and consumers, then the connections. Afterwards nothing of the client runs any more. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#open].map((open) => open.close()));
    this.#cluster.close();
  }

  #assertOpen(): void {
    if (this.#closed !== undefined) throw new MoldauError('CLIENT_CLOSED', 'the client is closed');
  }
}
