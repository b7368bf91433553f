import { type Clock, MoldauError, type Random, type Scheduler, type Timer } from '@moldau/kernel';
import type { GetMetadataRequest, GetMetadataResponse } from '@moldau/protocol';
import { backoffMs } from '../backoff.ts';
import { createDeferred, type Deferred } from '../deferred.ts';
import { orAborted } from '../delay.ts';
import { type BrokerView, type ClusterView, clusterView, type PartitionView, type TopicView, topicAnswer } from './metadata-view.ts';

/** Also without an error the metadata is asked for again after this long, as in Kafka's clients (metadata.max.age.ms). */
const REFRESH_INTERVAL_MS = 300_000;
/** Shortest time between two refreshes that errors asked for: an election takes longer. */
const REFRESH_PAUSE_MS = 50;
/** A topic nobody has looked up for this long is forgotten. */
const TOPIC_IDLE_MS = 600_000;
/** How long a topic may be unknown before it is an error: brokers learn of a new topic one after the other. */
const UNKNOWN_TOPIC_GRACE_MS = 1_000;
/** Topics in one request, as the protocol allows. */
const REQUEST_TOPICS_MAX = 10_000;

export interface MetadataCacheDependencies {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly random: Random;
  /** One try at every address known. Rejects with a MoldauError. */
  fetch(request: GetMetadataRequest): Promise<GetMetadataResponse>;
}

/** A topic somebody is interested in. */
interface Interest {
  view: TopicView | undefined;
  lastUsedMs: number;
  waiters: Waiter[];
  /** Since when brokers say that a topic we know does not exist. */
  unknownSinceMs: number | undefined;
}

interface Waiter extends Deferred<TopicView> {
  readonly sinceMs: number;
  readonly deadlineMs: number;
}

/**
 * What the client knows of brokers, topics and leaders. Refreshes are coalesced: however many errors ask for one, at most
 * one request is under way, and after it a pause.
 */
export class MetadataCache {
  readonly #deps: MetadataCacheDependencies;
  readonly #topics = new Map<string, Interest>();
  readonly #listeners = new Set<() => void>();
  #cluster: ClusterView | undefined;
  #fetching = false;
  /** Somebody asked for a refresh after the one under way began. */
  #wanted = false;
  #failures = 0;
  #lastError: MoldauError | undefined;
  #timer: Timer | undefined;
  #refreshTimer: Timer | undefined;
  #contacts: Deferred<ClusterView>[] = [];
  #closed = false;

  constructor(deps: MetadataCacheDependencies) {
    this.#deps = deps;
  }

  /** Undefined before the first answer. */
  get cluster(): ClusterView | undefined {
    return this.#cluster;
  }

  /** Why the last refresh failed; undefined when it did not. */
  get lastError(): MoldauError | undefined {
    return this.#lastError;
  }

  /** The topic, if it is known now. */
  topic(name: string): TopicView | undefined {
    const interest = this.#topics.get(name);
    if (interest === undefined) return undefined;
    interest.lastUsedMs = this.#deps.clock.monotonicMs();
    return interest.view;
  }

  /** The partition of a known topic; undefined too when the topic of that name has another id by now. */
  partition(name: string, topicId: string, partition: number): PartitionView | undefined {
    const view = this.topic(name);
    return view?.topicId === topicId ? view.partitions[partition] : undefined;
  }

  broker(brokerId: number): BrokerView | undefined {
    return this.#cluster?.brokers.get(brokerId);
  }

  /** Called after each answer that was taken in. Returns the way to stop. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * The topic, asked for if need be.
   *
   * @throws MoldauError UNKNOWN_TOPIC, INVALID_TOPIC_NAME; after `timeoutMs` what kept it from being answered
   * (CONNECTION_FAILED, BROKER_STARTING …) or REQUEST_TIMED_OUT; CANCELLED; CLIENT_CLOSED
   */
  lookUp(name: string, timeoutMs: number, signal?: AbortSignal): Promise<TopicView> {
    const known = this.topic(name);
    if (known !== undefined) return Promise.resolve(known);
    if (this.#closed) return Promise.reject(closedError());
    const nowMs = this.#deps.clock.monotonicMs();
    const interest = this.#topics.get(name) ?? { view: undefined, lastUsedMs: nowMs, waiters: [], unknownSinceMs: undefined };
    this.#topics.set(name, interest);
    const waiter: Waiter = { ...createDeferred<TopicView>(), sinceMs: nowMs, deadlineMs: nowMs + timeoutMs };
    interest.waiters.push(waiter);
    const timer = this.#deps.scheduler.after(timeoutMs, () => this.#abandon(name, waiter));
    this.requestRefresh();
    const settled = (): void => timer.cancel();
    waiter.promise.then(settled, settled);
    return orAborted(waiter.promise, signal, `looking up topic '${name}'`);
  }

  /** Resolves with the brokers of the next answer. Rejects with a MoldauError when the next try fails. */
  contact(): Promise<ClusterView> {
    if (this.#closed) return Promise.reject(closedError());
    const contact = createDeferred<ClusterView>();
    this.#contacts.push(contact);
    this.requestRefresh();
    return contact.promise;
  }

  /** What was known of the topic no longer holds: it was deleted. */
  forget(name: string): void {
    const interest = this.#topics.get(name);
    if (interest === undefined) return;
    interest.view = undefined;
    for (const listener of this.#listeners) listener();
  }

  /** Asks for fresh metadata soon; to be called after every error that says that it is stale. */
  requestRefresh(): void {
    if (this.#closed || this.#wanted) return;
    this.#wanted = true;
    if (!this.#fetching && this.#timer === undefined) this.#start();
  }

  /** Resolves once nothing waits for an answer; whoever waits is rejected with CLIENT_CLOSED. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#refreshTimer?.cancel();
    for (const interest of this.#topics.values()) rejectAll(interest.waiters.splice(0), closedError());
    rejectAll(this.#contacts.splice(0), closedError());
    this.#topics.clear();
    this.#listeners.clear();
  }

  #start(): void {
    this.#wanted = false;
    this.#fetching = true;
    void this.#refresh().then((pauseMs) => {
      this.#fetching = false;
      if (this.#closed) return;
      this.#timer = this.#deps.scheduler.after(pauseMs, () => {
        this.#timer = undefined;
        if (this.#wanted) this.#start();
      });
    });
  }

  /** Never rejects. Returns the pause before the next refresh may begin. */
  async #refresh(): Promise<number> {
    this.#forgetIdle();
    const names = [...this.#topics.keys()];
    const contacts = this.#contacts.splice(0);
    try {
      for (let from = 0; from === 0 || from < names.length; from += REQUEST_TOPICS_MAX) {
        const asked = names.slice(from, from + REQUEST_TOPICS_MAX);
        const topics = asked.map((name) => ({ selector: { $case: 'name' as const, value: name } }));
        const response = await this.#deps.fetch({ topics, allTopics: false });
        if (this.#closed) return 0;
        this.#take(response, asked);
      }
    } catch (caught) {
      return this.#fail(MoldauError.from(caught), contacts);
    }
    this.#failures = 0;
    this.#lastError = undefined;
    for (const contact of contacts) if (this.#cluster !== undefined) contact.resolve(this.#cluster);
    this.#refreshTimer?.cancel();
    this.#refreshTimer = this.#deps.scheduler.after(REFRESH_INTERVAL_MS, () => this.requestRefresh(), { background: true });
    for (const listener of this.#listeners) listener();
    return REFRESH_PAUSE_MS;
  }

  #take(response: GetMetadataResponse, asked: readonly string[]): void {
    this.#cluster = clusterView(response);
    response.topics.forEach((topic, index) => {
      const name = asked[index];
      const interest = name === undefined ? undefined : this.#topics.get(name);
      if (interest === undefined) return;
      const answer = topicAnswer(topic, interest.view);
      if ('view' in answer) {
        interest.view = answer.view;
        interest.unknownSinceMs = undefined;
        for (const waiter of interest.waiters.splice(0)) waiter.resolve(answer.view);
        return;
      }
      this.#doubt(interest, answer.error);
      this.#disappoint(interest, answer.error);
    });
  }

  /** A known topic is gone once brokers have said so for a while: one of them may lag behind. */
  #doubt(interest: Interest, error: MoldauError): void {
    if (error.reason !== 'UNKNOWN_TOPIC' || interest.view === undefined) return;
    const nowMs = this.#deps.clock.monotonicMs();
    interest.unknownSinceMs ??= nowMs;
    if (nowMs - interest.unknownSinceMs >= UNKNOWN_TOPIC_GRACE_MS) interest.view = undefined;
    else this.#wanted = true;
  }

  /** Rejects those who have waited long enough for a topic that is not there; asks again for the others. */
  #disappoint(interest: Interest, error: MoldauError): void {
    const nowMs = this.#deps.clock.monotonicMs();
    const patient = error.retriable || error.reason === 'UNKNOWN_TOPIC';
    const graceMs = error.retriable ? Number.POSITIVE_INFINITY : UNKNOWN_TOPIC_GRACE_MS;
    const keep = interest.waiters.filter(({ sinceMs }) => patient && nowMs - sinceMs < graceMs);
    rejectAll(
      interest.waiters.filter((waiter) => !keep.includes(waiter)),
      error,
    );
    interest.waiters = keep;
    if (keep.length > 0) this.#wanted = true;
  }

  #fail(error: MoldauError, contacts: readonly Deferred<ClusterView>[]): number {
    this.#lastError = error;
    rejectAll(contacts, error);
    const waiting = [...this.#topics.values()].filter(({ waiters }) => waiters.length > 0);
    if (error.retriable) {
      if (waiting.length > 0 || this.#cluster !== undefined) this.#wanted = true;
    } else {
      for (const interest of waiting) rejectAll(interest.waiters.splice(0), error);
    }
    return backoffMs(this.#deps.random, this.#failures++);
  }

  #abandon(name: string, waiter: Waiter): void {
    const interest = this.#topics.get(name);
    if (interest !== undefined) interest.waiters = interest.waiters.filter((other) => other !== waiter);
    const late = new MoldauError('REQUEST_TIMED_OUT', `no broker described topic '${name}' in time`, { topic: name });
    waiter.reject(this.#lastError ?? late);
  }

  #forgetIdle(): void {
    const nowMs = this.#deps.clock.monotonicMs();
    for (const [name, { waiters, lastUsedMs }] of this.#topics) {
      if (waiters.length === 0 && nowMs - lastUsedMs > TOPIC_IDLE_MS) this.#topics.delete(name);
    }
  }
}

function rejectAll(waiters: readonly { reject(error: unknown): void }[], error: MoldauError): void {
  for (const waiter of waiters) waiter.reject(error);
}

function closedError(): MoldauError {
  return new MoldauError('CLIENT_CLOSED', 'the client is closed');
}
