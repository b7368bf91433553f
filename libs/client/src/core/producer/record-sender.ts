import { MoldauError } from '@moldau/kernel';
import { integerOption } from '../client-options.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { cancelledError, delay } from '../delay.ts';
import { Dispatcher } from './dispatcher.ts';
import { LingerList } from './linger-list.ts';
import type { PartitionQueue } from './partition-queue.ts';
import { PendingSends } from './pending-sends.ts';
import type { ProducerBatch, ProducerSession } from './producer-batch.ts';
import { ProducerSessions } from './producer-sessions.ts';
import type { ProducerSettings } from './producer-settings.ts';
import type { CloseOptions, ProducerRecord, ProducerStats, RecordMetadata, SendOptions } from './producer-types.ts';
import type { QueueOwner } from './queue-owner.ts';
import type { SessionSource, TransactionHooks } from './session-source.ts';
import { TopicProducer, type TopicProducerDependencies } from './topic-producer.ts';
import { TurnClock } from './turn-clock.ts';
import { UnsettledBatches } from './unsettled-batches.ts';

/**
 * What may wait to be sent before `writable` says no: enough to fill all batches that are open, and half of it again.
 * More would only make records wait longer, and let the garbage collector copy their promises twice.
 */
const UNSENT_BATCHES = 1.5;
/** Less before anything was sent: a process that has only just started takes long to fill this, and the broker would wait. */
const UNSENT_BYTES_MIN = 1024 * 1024;
const CLOSE_TIMEOUT_MS_DEFAULT = 30_000;
const CLOSE_TIMEOUT_MS_MAX = 86_400_000;

/** Records on their way, from `send` to the answers; what producers with and without transactions have in common. */
export class RecordSender<K, V> {
  readonly #cluster: Cluster;
  readonly #settings: ProducerSettings<K, V>;
  readonly #topics = new Map<string, TopicProducer<K, V>>();
  readonly #pending: PendingSends<K, V>;
  readonly #linger: LingerList;
  readonly #unsettled: UnsettledBatches;
  readonly #dispatcher: Dispatcher;
  readonly #sessions: SessionSource;
  readonly #hooks: TransactionHooks | undefined;
  readonly #owner: QueueOwner;
  readonly #topicDependencies: TopicProducerDependencies<K, V>;
  readonly #unsubscribe: () => void;
  readonly #closing = new AbortController();
  readonly #onClosed: () => void;
  #drains: (() => void)[] = [];
  #flushing = 0;
  #closed: Promise<void> | undefined;
  #recordsAcknowledged = 0;
  #recordsFailed = 0;
  #batchesSent = 0;
  #bytesSent = 0;
  #retries = 0;

  constructor(cluster: Cluster, settings: ProducerSettings<K, V>, onClosed: () => void, hooks?: TransactionHooks) {
    const { clock, scheduler, random, compute } = cluster.ports;
    this.#cluster = cluster;
    this.#settings = settings;
    this.#onClosed = onClosed;
    this.#hooks = hooks;
    this.#pending = this.#createPending();
    this.#linger = new LingerList(clock, scheduler, settings.lingerMs);
    this.#unsettled = new UnsettledBatches(clock, scheduler, settings.deliveryTimeoutMs, (queue, batch) =>
      queue.expire(batch, { metadata: cluster.metadata.lastError, brokers: cluster.health.brokerErrors() }),
    );
    this.#sessions = hooks?.sessions ?? new ProducerSessions(cluster);
    this.#owner = this.#createOwner();
    this.#dispatcher = new Dispatcher(cluster, settings, {
      idle: (brokerId) => {
        if (settings.eager) this.#linger.release((queue) => queue.leader()?.leaderId === brokerId);
      },
      sent: (batch, bytes) => this.#sent(batch, bytes),
      refusedUnasked: (error) => cluster.ports.logger.warn('a batch sent with acks none was refused', { error: error.message }),
    });
    const { compression, idempotent, maxInFlightBatches: maxInFlight, deliveryTimeoutMs } = settings;
    const queueDefaults = { compression, idempotent, maxInFlight, deliveryTimeoutMs, compute, scheduler, random };
    const refused = (error: MoldauError): void => this.#hooks?.failed(error);
    this.#topicDependencies = { settings, clock: new TurnClock(clock, scheduler), random, owner: this.#owner, queueDefaults, refused };
    this.#unsubscribe = cluster.metadata.subscribe(() => this.#metadataChanged());
  }

  /** See `Producer.send`. */
  send(record: ProducerRecord<K, V>, options?: SendOptions): Promise<RecordMetadata> {
    if (options?.signal !== undefined) return this.#sendWithSignal(record, options.signal);
    const topic = this.#topics.get(record.topic);
    if (topic === undefined || this.#pending.areBlocked || this.#owner.bufferedBytes >= this.#settings.bufferBytes) {
      return this.#pending.add(record).outcome.promise;
    }
    return topic.send(record);
  }

  /** See `Producer.writable`. */
  get writable(): boolean {
    const { bufferedBytes, inFlightBytes, openBatches } = this.#owner;
    if (this.#pending.count > 0 || bufferedBytes >= this.#settings.bufferBytes) return false;
    const { batchBytes } = this.#settings;
    const atLeast = this.#batchesSent === 0 ? Math.min(batchBytes, UNSENT_BYTES_MIN) : UNSENT_BYTES_MIN;
    return bufferedBytes - inFlightBytes < Math.max(atLeast, openBatches * UNSENT_BATCHES * batchBytes);
  }

  /** Resolves when `writable` is true, or the producer is closed. */
  async drained(): Promise<void> {
    while (!this.writable && this.#closed === undefined) await new Promise<void>((resolve) => this.#drains.push(resolve));
  }

  /** Sends what waits for company, and resolves when all records sent before are acknowledged or failed. */
  async flush(): Promise<void> {
    this.#flushing += 1;
    const { ticket } = this.#pending;
    try {
      for (;;) {
        for (const topic of this.#topics.values()) for (const queue of topic.queues) queue.makeDue();
        const waiting = this.#pending.passed(ticket);
        await Promise.all(waiting);
        if (waiting.length === 0) break;
      }
      await this.#unsettled.settled();
    } finally {
      this.#flushing -= 1;
    }
  }

  /** Another session for all records from here on, numbered from 0: those before are settled, by their answers or by `abandon`. */
  useSession(session: ProducerSession): void {
    for (const topic of this.#topics.values()) for (const queue of topic.queues) queue.restart(session);
  }

  /** Fails all records that are not settled, and forgets those under way: their answers, should they come, mean nothing. */
  abandon(error: MoldauError): void {
    this.#pending.refuseAll(error);
    for (const topic of this.#topics.values()) for (const queue of topic.queues) queue.abandon(error);
  }

  /** Flushes, for at most `timeoutMs`; what is not confirmed then fails. Afterwards nothing of the producer runs any more. */
  close(options: CloseOptions = {}): Promise<void> {
    this.#closed ??= this.#close(
      integerOption('timeoutMs', options.timeoutMs, { min: 0, max: CLOSE_TIMEOUT_MS_MAX }, CLOSE_TIMEOUT_MS_DEFAULT),
    );
    return this.#closed;
  }

  /** Since it was made. */
  get batchesSent(): number {
    return this.#batchesSent;
  }

  stats(): ProducerStats {
    return {
      bufferedBytes: this.#owner.bufferedBytes,
      waitingSends: this.#pending.count,
      inFlightBatches: this.#dispatcher.inFlightCount,
      recordsAcknowledged: this.#recordsAcknowledged,
      recordsFailed: this.#recordsFailed,
      batchesSent: this.#batchesSent,
      bytesSent: this.#bytesSent,
      retries: this.#retries,
    };
  }

  async #close(timeoutMs: number): Promise<void> {
    const { scheduler } = this.#cluster.ports;
    this.#pending.stop();
    if (timeoutMs > 0 && !this.#cluster.closed) {
      await Promise.race([this.flush(), delay(scheduler, timeoutMs, this.#closing.signal).catch(() => {})]);
    }
    this.#closing.abort();
    this.#unsubscribe();
    this.#pending.close(new MoldauError('CLIENT_CLOSED', 'the producer is closed'));
    this.#dispatcher.close();
    this.#topics.clear();
    this.#linger.close();
    // Also the queues of topics that are gone may still wait for answers.
    for (const queue of this.#unsettled.close()) {
      queue.close();
      this.#leave(queue);
    }
    this.#sessions.close();
    this.#tellDrained();
    this.#onClosed();
  }

  #sendWithSignal(record: ProducerRecord<K, V>, signal: AbortSignal): Promise<RecordMetadata> {
    const what = `sending a record to '${record.topic}'`;
    if (signal.aborted) return Promise.reject(cancelledError(signal, what));
    const send = this.#pending.add(record);
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        const error = cancelledError(signal, what);
        if (!send.over) this.#pending.refuse(send, error);
        reject(error);
      };
      signal.addEventListener('abort', onAbort, { once: true });
      const settle = (): void => signal.removeEventListener('abort', onAbort);
      send.outcome.promise
        .then(resolve, reject)
        .finally(settle)
        .catch(() => {});
    });
  }

  #tellDrained(): void {
    if (this.#drains.length === 0 || (!this.writable && this.#closed === undefined)) return;
    for (const resolve of this.#drains.splice(0)) resolve();
  }

  #createPending(): PendingSends<K, V> {
    return new PendingSends<K, V>(this.#cluster, this.#settings, {
      hasRoom: () => this.#owner.bufferedBytes < this.#settings.bufferBytes,
      topic: (name) => this.#topics.get(name),
      lookingUp: () => {
        if (this.#settings.idempotent) this.#sessions.prepare();
      },
      addTopic: (view) => this.#topics.set(view.name, new TopicProducer(view, this.#topicDependencies)),
      refused: (error) => {
        this.#recordsFailed += 1;
        this.#hooks?.failed(error);
        this.#tellDrained();
      },
      changed: () => this.#tellDrained(),
    });
  }

  #createOwner(): QueueOwner {
    const { clock } = this.#cluster.ports;
    return {
      bufferedBytes: 0,
      inFlightBytes: 0,
      openBatches: 0,
      begin: () => ({ id: this.#unsettled.nextId(), nowMs: clock.monotonicMs() }),
      opened: (queue, batch) => this.#opened(queue, batch),
      sendable: (queue) => this.#dispatcher.wake(queue),
      settled: (batch, error) => this.#settled(batch, error),
      released: (batch) => {
        this.#owner.bufferedBytes -= batch.bufferedBytes;
        this.#pending.unblock();
        this.#tellDrained();
      },
      needSession: (queue, lost) => this.#needSession(queue, lost),
      leaderChanged: ({ options }, error) => this.#cluster.metadata.learn(options, error),
      failing: ({ options: { topic, partition } }, error) =>
        this.#cluster.health.partitionFailed({ role: 'producer', topic, partition }, error),
      recovered: ({ options: { topic, partition } }) => this.#cluster.health.partitionWorks({ role: 'producer', topic, partition }),
    };
  }

  #opened(queue: PartitionQueue, batch: ProducerBatch): void {
    this.#unsettled.add(queue, batch);
    const { eager, lingerMs } = this.#settings;
    if (this.#flushing > 0 || lingerMs === 0 || (eager && this.#dispatcher.isIdle(queue))) queue.makeDue(batch);
    else this.#linger.add(queue, batch);
  }

  #settled(batch: ProducerBatch, error: MoldauError | undefined): void {
    if (error === undefined) this.#recordsAcknowledged += batch.count;
    else this.#recordsFailed += batch.count;
    this.#unsettled.advance();
    if (error !== undefined) this.#hooks?.failed(error);
  }

  #sent(batch: ProducerBatch, bytes: number): void {
    this.#batchesSent += 1;
    this.#bytesSent += bytes;
    if (batch.attempts > 1) this.#retries += 1;
    this.#tellDrained();
  }

  #needSession(queue: PartitionQueue, lost: MoldauError | undefined): void {
    this.#sessions.request(queue, lost);
    if (lost === undefined || this.#hooks !== undefined) return;
    const { topic, partition } = queue.options;
    this.#cluster.ports.logger.warn('a partition goes on under a new producer id', { topic, partition, error: lost.message });
    this.#cluster.health.tell({ kind: 'producer-reset', topic, partition, error: lost });
  }

  /** Whether it can be written to is of no interest any more. */
  #leave({ options: { topic, partition } }: PartitionQueue): void {
    this.#cluster.health.partitionLeft({ role: 'producer', topic, partition });
  }

  #metadataChanged(): void {
    for (const [name, topic] of this.#topics) {
      const view = this.#cluster.metadata.topic(name);
      if (view?.topicId === topic.view.topicId) {
        topic.update(view);
        continue;
      }
      // Deleted, or deleted and made again: what was meant for the old one is not written to the new.
      this.#topics.delete(name);
      const error = new MoldauError('UNKNOWN_TOPIC', `topic '${name}' was deleted`, { topic: name, topic_id: topic.view.topicId });
      for (const queue of topic.queues) {
        queue.failUnsent(error);
        this.#leave(queue);
      }
    }
    this.#dispatcher.metadataChanged();
  }
}
