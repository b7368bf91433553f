import { type Clock, MoldauError, type Random, type Scheduler } from '@moldau/kernel';
import type {
  ClientCall,
  ClientStreamEvents,
  GetMetadataRequest,
  GetMetadataResponse,
  MetadataChange,
  WatchMetadataRequest,
  WatchMetadataResponse,
} from '@moldau/protocol';
import { createDeferred, type Deferred } from '../deferred.ts';
import { orAborted } from '../delay.ts';
import { hintedBroker, leaderHintOf, withLeader } from './leader-hint.ts';
import { MetadataRefresh } from './metadata-refresh.ts';
import { type BrokerView, brokerView, type ClusterView, clusterView, type PartitionView, type TopicView } from './metadata-view.ts';
import { MetadataWatch } from './metadata-watch.ts';
import { TopicInterests } from './topic-interests.ts';

/** Topics in one request, as the protocol allows. */
const REQUEST_TOPICS_MAX = 10_000;

export interface MetadataCacheDependencies {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly random: Random;
  /** One try at every address known. Rejects with a MoldauError. */
  fetch(request: GetMetadataRequest): Promise<GetMetadataResponse>;
  /** Opens WatchMetadata to one broker; undefined when its address is unknown. */
  watch(brokerId: number, events: ClientStreamEvents<WatchMetadataResponse>): ClientCall<WatchMetadataRequest> | undefined;
  /** The broker says nothing on its stream of changes: others are asked first. */
  silent(brokerId: number): void;
}

/** A partition that a request was about. */
export interface AskedPartition {
  readonly topic: string;
  readonly topicId: string;
  readonly partition: number;
}

/**
 * What the client knows of brokers, topics and leaders: from one broker's stream of changes, from errors that name the
 * leader, and from refreshes where neither helps.
 */
export class MetadataCache {
  readonly #deps: MetadataCacheDependencies;
  readonly #interests: TopicInterests;
  readonly #refresh: MetadataRefresh;
  readonly #watch: MetadataWatch;
  readonly #listeners = new Set<() => void>();
  #cluster: ClusterView | undefined;
  #lastError: MoldauError | undefined;
  #contacts: Deferred<ClusterView>[] = [];
  #notifying = false;
  #closed = false;

  constructor(deps: MetadataCacheDependencies) {
    const { clock, scheduler, random } = deps;
    this.#deps = deps;
    this.#interests = new TopicInterests(clock, scheduler);
    this.#refresh = new MetadataRefresh({ clock, scheduler, random, ask: () => this.#ask(), watched: () => this.#watch.covers });
    this.#watch = new MetadataWatch({
      clock,
      scheduler,
      random,
      topics: () => this.#interests.names,
      topicCount: () => this.#interests.size,
      broker: (avoid) => this.#brokerToWatch(avoid),
      open: (brokerId, events) => deps.watch(brokerId, events),
      snapshot: (response, asked) => this.#pushedAll(response, asked),
      change: (change) => this.#pushed(change),
      lost: () => this.#refresh.arm(),
      silent: (brokerId) => deps.silent(brokerId),
    });
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
    return this.#interests.view(name);
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
    const found = this.#interests.await(name, timeoutMs, () => {
      const late = new MoldauError('REQUEST_TIMED_OUT', `no broker described topic '${name}' in time`, { topic: name });
      return this.#lastError ?? late;
    });
    this.#refresh.request('now');
    return orAborted(found, signal, `looking up topic '${name}'`);
  }

  /** Resolves with the brokers of the next answer. Rejects with a MoldauError when the next try fails. */
  contact(): Promise<ClusterView> {
    if (this.#closed) return Promise.reject(closedError());
    const contact = createDeferred<ClusterView>();
    this.#contacts.push(contact);
    this.#refresh.request('now');
    return contact.promise;
  }

  /** What was known of the topic no longer holds: it was deleted. */
  forget(name: string): void {
    this.#interests.forget(name);
    this.#notify();
  }

  /** To be called after every error that says that the metadata is stale; a stream of changes may come before the refresh. */
  requestRefresh(): void {
    this.#refresh.request('soon');
  }

  /**
   * Takes in what an error says of a partition's leader; asks for fresh metadata when it says nothing new.
   *
   * @returns whether another leader, or another epoch of it, is known now: the request may be tried again at once. The
   * epoch has risen, so brokers that contradict each other can't send a client to and fro.
   */
  learn({ topic, topicId, partition }: AskedPartition, error: MoldauError): boolean {
    const hint = leaderHintOf(error);
    const view = this.#interests.view(topic);
    const changed = hint === undefined || view?.topicId !== topicId ? undefined : withLeader(view, partition, hint);
    if (hint === undefined || changed === undefined || !this.#knows(hint.leaderId, hintedBroker(hint))) {
      this.requestRefresh();
      return false;
    }
    this.#interests.replace(topic, changed);
    this.#notifySoon();
    return true;
  }

  /** Resolves once nothing waits for an answer; whoever waits is rejected with CLIENT_CLOSED. */
  close(): void {
    this.#closed = true;
    this.#refresh.close();
    this.#watch.close();
    this.#interests.close(closedError());
    for (const contact of this.#contacts.splice(0)) contact.reject(closedError());
    this.#listeners.clear();
  }

  /** Never rejects. */
  async #ask(): Promise<MoldauError | undefined> {
    this.#interests.forgetIdle();
    const names = [...this.#interests.names];
    const contacts = this.#contacts.splice(0);
    try {
      for (let from = 0; from === 0 || from < names.length; from += REQUEST_TOPICS_MAX) {
        const asked = names.slice(from, from + REQUEST_TOPICS_MAX);
        const topics = asked.map((name) => ({ selector: { $case: 'name' as const, value: name } }));
        const watched = this.#watch.covers;
        const response = await this.#deps.fetch({ topics, allTopics: false });
        if (this.#closed) return undefined;
        const news = this.#take(response, asked);
        if (news && watched) this.#watch.lagging();
      }
    } catch (caught) {
      return this.#failed(MoldauError.from(caught), contacts);
    }
    this.#lastError = undefined;
    for (const contact of contacts) if (this.#cluster !== undefined) contact.resolve(this.#cluster);
    this.#watch.update();
    this.#notify();
    return undefined;
  }

  #failed(error: MoldauError, contacts: readonly Deferred<ClusterView>[]): MoldauError {
    this.#lastError = error;
    for (const contact of contacts) contact.reject(error);
    if (!error.retriable) this.#interests.disappointAll(error);
    else if (this.#interests.awaited || this.#cluster !== undefined) this.#refresh.request('again');
    return error;
  }

  #pushedAll(response: GetMetadataResponse, asked: readonly string[]): void {
    this.#take(response, asked);
    this.#notify();
  }

  #pushed({ metadataVersion, brokers, topics }: MetadataChange): void {
    const known = this.#cluster;
    if (known !== undefined && metadataVersion >= known.version) {
      const changed = brokers.length === 0 ? known.brokers : new Map(brokers.map((broker) => [broker.brokerId, brokerView(broker)]));
      this.#cluster = { ...known, version: metadataVersion, brokers: changed };
    }
    for (const topic of topics) if (this.#interests.take(topic.name, topic, metadataVersion).again) this.#refresh.request('again');
    this.#notify();
  }

  /** Whether it said anything of a known topic that was not known. */
  #take(response: GetMetadataResponse, asked: readonly string[]): boolean {
    const { clusterId, metadataVersion } = response;
    const known = this.#cluster;
    if (known !== undefined && known.clusterId !== clusterId) this.#interests.forgetVersions();
    if (known?.clusterId !== clusterId || metadataVersion >= known.version) this.#cluster = clusterView(response);
    let news = false;
    response.topics.forEach((topic, index) => {
      const name = asked[index];
      if (name === undefined) return;
      const taken = this.#interests.take(name, topic, metadataVersion);
      if (taken.again) this.#refresh.request('again');
      news ||= taken.news;
    });
    return news;
  }

  /** Whether the broker's address is known, from now on if the hint has it. */
  #knows(brokerId: number, hinted: BrokerView | undefined): boolean {
    const cluster = this.#cluster;
    if (cluster === undefined || cluster.brokers.has(brokerId)) return cluster !== undefined;
    if (hinted === undefined) return false;
    this.#cluster = { ...cluster, brokers: new Map([...cluster.brokers, [brokerId, hinted]]) };
    return true;
  }

  /** Preferably one that is connected anyway, and not all clients' same. */
  #brokerToWatch(avoid: number | undefined): number | undefined {
    const brokers = [...(this.#cluster?.brokers.keys() ?? [])];
    const leaders = this.#interests.leaders();
    const others = brokers.filter((brokerId) => brokerId !== avoid);
    const leading = others.filter((brokerId) => leaders.has(brokerId));
    const candidates = [leading, others, brokers].find(({ length }) => length > 0) ?? [];
    return candidates.length === 0 ? undefined : candidates[this.#deps.random.below(candidates.length)];
  }

  /** Once for all errors of one message. */
  #notifySoon(): void {
    if (this.#notifying) return;
    this.#notifying = true;
    queueMicrotask(() => {
      this.#notifying = false;
      this.#notify();
    });
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }
}

function closedError(): MoldauError {
  return new MoldauError('CLIENT_CLOSED', 'the client is closed');
}
