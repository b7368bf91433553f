import { MoldauError } from '@moldau/kernel';
import type { Cluster } from '../cluster/cluster.ts';
import type { TopicView } from '../cluster/metadata-view.ts';
import type { ProducerSettings } from './producer-settings.ts';
import type { ProducerRecord } from './producer-types.ts';
import type { TopicProducer } from './topic-producer.ts';
import { bufferFullError, createWaitingSend, tooManyWaitingError, type WaitingSend, WaitingSends } from './waiting-sends.ts';

/** Calls of `send` that may wait: a loop that awaits nothing must end in an error, not in an exhausted heap. */
const WAITING_SENDS_MAX = 1_000_000;

export interface PendingSendsOwner<K, V> {
  /** Whether the buffer takes another record. */
  hasRoom(): boolean;
  topic(name: string): TopicProducer<K, V> | undefined;
  /** Records for a topic that is not known yet have come. */
  lookingUp(): void;
  /** The topic is known from now on. */
  addTopic(view: TopicView): void;
  /** The record is not sent. */
  refused(error: MoldauError): void;
  /** Fewer wait. */
  changed(): void;
}

/** Records that are in no batch yet: their topic is being looked up, or the buffer is full. In the order of their calls. */
export class PendingSends<K, V> {
  readonly #cluster: Cluster;
  readonly #settings: ProducerSettings<K, V>;
  readonly #owner: PendingSendsOwner<K, V>;
  /** By topic, while its metadata is looked up. */
  readonly #unresolved = new Map<string, WaitingSends<K, V>>();
  /** Those that wait for room. */
  readonly #blocked: WaitingSends<K, V>;
  readonly #closing = new AbortController();
  #count = 0;
  #tickets = 0;
  #stopped = false;

  constructor(cluster: Cluster, settings: ProducerSettings<K, V>, owner: PendingSendsOwner<K, V>) {
    const { clock, scheduler } = cluster.ports;
    this.#cluster = cluster;
    this.#settings = settings;
    this.#owner = owner;
    this.#blocked = new WaitingSends(clock, scheduler, (send) => this.refuse(send, this.#bufferFull(send)));
  }

  get count(): number {
    return this.#count;
  }

  /** Whether some wait for room: nobody may pass them. */
  get areBlocked(): boolean {
    return this.#blocked.length > 0;
  }

  /** The last that came, for `passed`. */
  get ticket(): number {
    return this.#tickets;
  }

  /** What to wait for until those up to that ticket wait no longer; empty when none does. */
  passed(ticket: number): Promise<unknown>[] {
    return [this.#blocked, ...this.#unresolved.values()].flatMap((sends) => sends.passed(ticket) ?? []);
  }

  /** Takes a record that may have to wait. */
  add(record: ProducerRecord<K, V>): WaitingSend<K, V> {
    const { clock } = this.#cluster.ports;
    this.#tickets += 1;
    const send = createWaitingSend(record, clock.monotonicMs() + this.#settings.maxBlockMs, this.#tickets);
    this.#count += 1;
    if (this.#stopped || this.#cluster.closed) {
      this.refuse(send, new MoldauError('CLIENT_CLOSED', 'the producer is closed', { topic: record.topic }));
    } else if (this.#count > WAITING_SENDS_MAX) {
      this.refuse(send, tooManyWaitingError(record.topic, WAITING_SENDS_MAX));
    } else {
      this.#admit(send);
    }
    return send;
  }

  /** It waits no longer: its promise rejects. */
  refuse(send: WaitingSend<K, V>, error: MoldauError): void {
    send.over = true;
    this.#count -= 1;
    send.outcome.reject(error);
    this.#owner.refused(error);
  }

  /** There is room: the first who wait get it. */
  unblock(): void {
    while (this.#owner.hasRoom()) {
      const send = this.#blocked.shift();
      if (send === undefined) break;
      if (send.over) continue;
      const topic = this.#owner.topic(send.record.topic);
      if (topic === undefined) this.#admit(send);
      else this.#append(topic, send);
    }
  }

  /** Refuses whatever comes from now on. */
  stop(): void {
    this.#stopped = true;
  }

  /** Refuses those that wait now. */
  refuseAll(error: MoldauError): void {
    for (const waiting of [this.#blocked, ...this.#unresolved.values()]) {
      for (const send of waiting.drain()) if (!send.over) this.refuse(send, error);
    }
  }

  /** Refuses those that still wait, and the others that come. */
  close(error: MoldauError): void {
    this.stop();
    this.#closing.abort();
    this.refuseAll(error);
    this.#unresolved.clear();
  }

  /** Appends the record if nothing stands before it, else queues it. */
  #admit(send: WaitingSend<K, V>): void {
    const { topic: name } = send.record;
    const unresolved = this.#unresolved.get(name);
    const topic = this.#owner.topic(name);
    if (unresolved !== undefined) unresolved.add(send);
    else if (topic === undefined) this.#resolveTopic(name, send);
    else if (this.#blocked.length > 0 || !this.#owner.hasRoom()) this.#blocked.add(send);
    else this.#append(topic, send);
  }

  #append(topic: TopicProducer<K, V>, send: WaitingSend<K, V>): void {
    send.over = true;
    this.#count -= 1;
    topic.send(send.record).then(send.outcome.resolve, send.outcome.reject);
  }

  #resolveTopic(name: string, first: WaitingSend<K, V>): void {
    const { clock, scheduler } = this.#cluster.ports;
    const waiting = new WaitingSends<K, V>(clock, scheduler, (send) => this.refuse(send, this.#notDescribed(send)));
    this.#unresolved.set(name, waiting);
    waiting.add(first);
    this.#owner.lookingUp();
    const { maxBlockMs } = this.#settings;
    // A little more patient than its sends, so that each of them gets its own error in its own time.
    this.#cluster.metadata.lookUp(name, maxBlockMs + 1, this.#closing.signal).then(
      (view) => {
        if (this.#closing.signal.aborted) return;
        this.#owner.addTopic(view);
        this.#unresolved.delete(name);
        for (const send of waiting.drain()) if (!send.over) this.#admit(send);
        this.#owner.changed();
      },
      (caught: unknown) => {
        this.#unresolved.delete(name);
        const error = MoldauError.from(caught);
        for (const send of waiting.drain()) {
          if (send.over) continue;
          if (error.retriable && send.deadlineMs > clock.monotonicMs()) this.#admit(send);
          else this.refuse(send, error);
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
}
