import { MoldauError } from '@moldau/kernel';
import { integerOption } from '../client-options.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { cancelledError, delay } from '../delay.ts';
import { Dispatcher } from './dispatcher.ts';
import { LingerList } from './linger-list.ts';
import type { PartitionQueue, QueueOwner } from './partition-queue.ts';
import type { ProducerBatch } from './producer-batch.ts';
import { ProducerSessions } from './producer-sessions.ts';
import { type ProducerSettings, parseProducerOptions } from './producer-settings.ts';
import type { CloseOptions, ProducerOptions, ProducerRecord, ProducerStats, RecordMetadata, SendOptions } from './producer-types.ts';
import { TopicProducer, type TopicProducerDependencies } from './topic-producer.ts';
import { TurnClock } from './turn-clock.ts';
import { UnsettledBatches } from './unsettled-batches.ts';
import { bufferFullError, createWaitingSend, tooManyWaitingError, type WaitingSend, WaitingSends } from './waiting-sends.ts';

/** Calls of `send` that may wait: a loop that awaits nothing must end in an error, not in an exhausted heap. */
const WAITING_SENDS_MAX = 1_000_000;
/**
 * What may wait to be sent before `writable` says no: enough to fill all batches that are open, and half of it again.
 * More would only make records wait longer, and let the garbage collector copy their promises twice.
 */
const UNSENT_BATCHES = 1.5;
const UNSENT_BYTES_MIN = 1024 * 1024;
const CLOSE_TIMEOUT_MS_DEFAULT = 30_000;
const CLOSE_TIMEOUT_MS_MAX = 86_400_000;

/**
 * Sends records, in batches. Each record ends exactly once: its promise resolves with its place in the log, or rejects with
 * a `MoldauError` that says whether the record may have been written (`certainty`). Made by `moldau.producer`.
 *
 * @example
 * await using producer = moldau.producer({ keySerializer: serdes.string, valueSerializer: serdes.json<Order>() });
 * const { partition, offset } = await producer.send({ topic: 'orders', key: order.id, value: order });
 */
export class Producer<K = Uint8Array, V = Uint8Array> {
  readonly #cluster: Cluster;
  readonly #settings: ProducerSettings<K, V>;
  readonly #topics = new Map<string, TopicProducer<K, V>>();
  /** Sends to topics whose metadata is being looked up. */
  readonly #unresolved = new Map<string, WaitingSends<K, V>>();
  /** Sends that wait for room in the buffer. */
  readonly #blocked: WaitingSends<K, V>;
  readonly #linger: LingerList;
  readonly #unsettled: UnsettledBatches;
  readonly #dispatcher: Dispatcher;
  readonly #sessions: ProducerSessions;
  readonly #owner: QueueOwner;
  readonly #topicDependencies: TopicProducerDependencies<K, V>;
  readonly #unsubscribe: () => void;
  readonly #closing = new AbortController();
  readonly #onClosed: () => void;
  #drains: (() => void)[] = [];
  #waitingCount = 0;
  #tickets = 0;
  #flushing = 0;
  #closed: Promise<void> | undefined;
  #recordsAcknowledged = 0;
  #recordsFailed = 0;
  #batchesSent = 0;
  #bytesSent = 0;
  #retries = 0;

  /** For `moldau.producer`. @internal */
  constructor(cluster: Cluster, options: ProducerOptions<K, V>, onClosed: () => void) {
    const settings = parseProducerOptions(options, cluster.settings.requestTimeoutMs);
    const { clock, scheduler, random, compute } = cluster.ports;
    this.#cluster = cluster;
    this.#settings = settings;
    this.#onClosed = onClosed;
    this.#blocked = new WaitingSends(clock, scheduler, (send) => this.#refuse(send, this.#bufferFull(send)));
    this.#linger = new LingerList(clock, scheduler, settings.lingerMs);
    this.#unsettled = new UnsettledBatches(clock, scheduler, settings.deliveryTimeoutMs, (queue, batch) =>
      queue.expire(batch, cluster.metadata.lastError),
    );
    this.#sessions = new ProducerSessions(cluster);
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
    this.#topicDependencies = { settings, clock: new TurnClock(clock, scheduler), random, owner: this.#owner, queueDefaults };
    this.#unsubscribe = cluster.metadata.subscribe(() => this.#metadataChanged());
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
    if (options?.signal !== undefined) return this.#sendWithSignal(record, options.signal);
    const topic = this.#topics.get(record.topic);
    if (topic === undefined || this.#blocked.length > 0 || this.#owner.bufferedBytes >= this.#settings.bufferBytes) {
      return this.#sendLater(record).outcome.promise;
    }
    return topic.send(record);
  }

  /**
   * Whether more records would be of use now: false while the buffer is full, and already while enough waits to keep the
   * brokers busy. A loop that sends without awaiting each record stays fast and lean if it awaits `drained` meanwhile.
   */
  get writable(): boolean {
    const { bufferedBytes, inFlightBytes, openBatches } = this.#owner;
    if (this.#waitingCount > 0 || bufferedBytes >= this.#settings.bufferBytes) return false;
    return bufferedBytes - inFlightBytes < Math.max(UNSENT_BYTES_MIN, openBatches * UNSENT_BATCHES * this.#settings.batchBytes);
  }

  /** Resolves when `writable` is true, or the producer is closed. */
  async drained(): Promise<void> {
    while (!this.writable && this.#closed === undefined) await new Promise<void>((resolve) => this.#drains.push(resolve));
  }

  /** Sends what waits for company, and resolves when all records sent before are acknowledged or failed. */
  async flush(): Promise<void> {
    this.#flushing += 1;
    const ticket = this.#tickets;
    try {
      for (;;) {
        for (const topic of this.#topics.values()) for (const queue of topic.queues) queue.makeAllDue();
        const waiting = [this.#blocked, ...this.#unresolved.values()].flatMap((sends) => sends.passed(ticket) ?? []);
        await Promise.all(waiting);
        if (waiting.length === 0) break;
      }
      await this.#unsettled.settled();
    } finally {
      this.#flushing -= 1;
    }
  }

  /** Flushes, for at most `timeoutMs`; what is not confirmed then fails. Afterwards nothing of the producer runs any more. */
  close(options: CloseOptions = {}): Promise<void> {
    this.#closed ??= this.#close(
      integerOption('timeoutMs', options.timeoutMs, { min: 0, max: CLOSE_TIMEOUT_MS_MAX }, CLOSE_TIMEOUT_MS_DEFAULT),
    );
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  stats(): ProducerStats {
    return {
      bufferedBytes: this.#owner.bufferedBytes,
      waitingSends: this.#waitingCount,
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
    if (timeoutMs > 0 && !this.#cluster.closed) {
      await Promise.race([this.flush(), delay(scheduler, timeoutMs, this.#closing.signal).catch(() => {})]);
    }
    this.#closing.abort();
    this.#unsubscribe();
    const error = new MoldauError('CLIENT_CLOSED', 'the producer is closed');
    for (const waiting of [this.#blocked, ...this.#unresolved.values()]) for (const send of waiting.drain()) this.#refuse(send, error);
    this.#unresolved.clear();
    this.#dispatcher.close();
    this.#topics.clear();
    this.#linger.close();
    // Also the queues of topics that are gone may still wait for answers.
    for (const queue of this.#unsettled.close()) queue.close();
    this.#sessions.close();
    this.#tellDrained();
    this.#onClosed();
  }

  #sendWithSignal(record: ProducerRecord<K, V>, signal: AbortSignal): Promise<RecordMetadata> {
    const what = `sending a record to '${record.topic}'`;
    if (signal.aborted) return Promise.reject(cancelledError(signal, what));
    const send = this.#sendLater(record);
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        const error = cancelledError(signal, what);
        if (!send.over) this.#refuse(send, error);
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

  /** For a record that may have to wait. */
  #sendLater(record: ProducerRecord<K, V>): WaitingSend<K, V> {
    const { clock } = this.#cluster.ports;
    this.#tickets += 1;
    const send = createWaitingSend(record, clock.monotonicMs() + this.#settings.maxBlockMs, this.#tickets);
    this.#waitingCount += 1;
    if (this.#closed !== undefined || this.#cluster.closed) {
      this.#refuse(send, new MoldauError('CLIENT_CLOSED', 'the producer is closed', { topic: record.topic }));
    } else if (this.#waitingCount > WAITING_SENDS_MAX) {
      this.#refuse(send, tooManyWaitingError(record.topic, WAITING_SENDS_MAX));
    } else {
      this.#admit(send);
    }
    return send;
  }

  /** Appends the record if nothing stands before it, else queues it. */
  #admit(send: WaitingSend<K, V>): void {
    const { topic: name } = send.record;
    const unresolved = this.#unresolved.get(name);
    const topic = this.#topics.get(name);
    if (unresolved !== undefined) unresolved.add(send);
    else if (topic === undefined) this.#resolveTopic(name, send);
    else if (this.#blocked.length > 0 || this.#owner.bufferedBytes >= this.#settings.bufferBytes) this.#blocked.add(send);
    else this.#append(topic, send);
  }

  #append(topic: TopicProducer<K, V>, send: WaitingSend<K, V>): void {
    send.over = true;
    this.#waitingCount -= 1;
    topic.send(send.record).then(send.outcome.resolve, send.outcome.reject);
  }

  #refuse(send: WaitingSend<K, V>, error: MoldauError): void {
    send.over = true;
    this.#waitingCount -= 1;
    this.#recordsFailed += 1;
    send.outcome.reject(error);
    this.#tellDrained();
  }

  #resolveTopic(name: string, first: WaitingSend<K, V>): void {
    const { clock, scheduler } = this.#cluster.ports;
    const waiting = new WaitingSends<K, V>(clock, scheduler, (send) => this.#refuse(send, this.#notDescribed(send)));
    this.#unresolved.set(name, waiting);
    waiting.add(first);
    const { maxBlockMs } = this.#settings;
    // A little more patient than its sends, so that each of them gets its own error in its own time.
    this.#cluster.metadata.lookUp(name, maxBlockMs + 1, this.#closing.signal).then(
      (view) => {
        if (this.#closing.signal.aborted) return;
        this.#topics.set(name, new TopicProducer(view, this.#topicDependencies));
        this.#unresolved.delete(name);
        for (const send of waiting.drain()) if (!send.over) this.#admit(send);
        this.#tellDrained();
      },
      (caught: unknown) => {
        this.#unresolved.delete(name);
        const error = MoldauError.from(caught);
        for (const send of waiting.drain()) {
          if (send.over) continue;
          if (error.retriable && send.deadlineMs > clock.monotonicMs()) this.#admit(send);
          else this.#refuse(send, error);
        }
      },
    );
  }

  #notDescribed(send: WaitingSend<K, V>): MoldauError {
    const facts = { topic: send.record.topic, waited_ms: String(this.#settings.maxBlockMs) };
    const late = new MoldauError('REQUEST_TIMED_OUT', `no broker described topic '${send.record.topic}' in time`, facts);
    return this.#cluster.metadata.lastError ?? late;
  }

  #bufferFull(send: WaitingSend<K, V>): MoldauError {
    return bufferFullError(send.record.topic, this.#settings.bufferBytes, this.#settings.maxBlockMs);
  }

  /** There is room: the first who wait get it. */
  #unblock(): void {
    const { bufferBytes } = this.#settings;
    while (this.#owner.bufferedBytes < bufferBytes) {
      const send = this.#blocked.shift();
      if (send === undefined) break;
      if (send.over) continue;
      const topic = this.#topics.get(send.record.topic);
      if (topic === undefined) this.#admit(send);
      else this.#append(topic, send);
    }
    this.#tellDrained();
  }

  #tellDrained(): void {
    if (this.#drains.length === 0 || (!this.writable && this.#closed === undefined)) return;
    for (const resolve of this.#drains.splice(0)) resolve();
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
      settled: (batch, outcome) => this.#settled(batch, outcome),
      released: (batch) => {
        this.#owner.bufferedBytes -= batch.bufferedBytes;
        this.#unblock();
      },
      needSession: (queue, lost) => this.#needSession(queue, lost),
      staleMetadata: () => this.#cluster.metadata.requestRefresh(),
    };
  }

  #opened(queue: PartitionQueue, batch: ProducerBatch): void {
    this.#unsettled.add(queue, batch);
    const { eager, lingerMs } = this.#settings;
    if (this.#flushing > 0 || lingerMs === 0 || (eager && this.#dispatcher.isIdle(queue))) queue.makeDue(batch);
    else this.#linger.add(queue, batch);
  }

  #settled(batch: ProducerBatch, outcome: 'acknowledged' | 'failed'): void {
    if (outcome === 'acknowledged') this.#recordsAcknowledged += batch.count;
    else this.#recordsFailed += batch.count;
    this.#unsettled.advance();
  }

  #sent(batch: ProducerBatch, bytes: number): void {
    this.#batchesSent += 1;
    this.#bytesSent += bytes;
    if (batch.attempts > 1) this.#retries += 1;
    this.#tellDrained();
  }

  #needSession(queue: PartitionQueue, lost: MoldauError | undefined): void {
    this.#sessions.request(queue, lost !== undefined);
    if (lost === undefined) return;
    const { topic, partition } = queue.options;
    this.#cluster.ports.logger.warn('a partition goes on under a new producer id', { topic, partition, error: lost.message });
    this.#cluster.settings.onStatus({ kind: 'producer-reset', topic, partition, error: lost });
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
      for (const queue of topic.queues) queue.failUnsent(error);
    }
    this.#dispatcher.metadataChanged();
  }
}
