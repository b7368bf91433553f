import { type Clock, MoldauError, type Scheduler } from '@moldau/kernel';
import { itemToError, type TopicMetadata } from '@moldau/protocol';
import { createDeferred, type Deferred } from '../deferred.ts';
import { isNews, mergeTopic, type TopicView } from './metadata-view.ts';

/** A topic nobody has looked up for this long is forgotten. */
const TOPIC_IDLE_MS = 600_000;
/** How long a topic may be unknown before it is an error: brokers learn of a new topic one after the other. */
const UNKNOWN_TOPIC_GRACE_MS = 1_000;

/** A topic somebody is interested in. */
interface Interest {
  view: TopicView | undefined;
  /** Version of the metadata that described it last. */
  version: number;
  lastUsedMs: number;
  waiters: Waiter[];
  /** Since when brokers say that a topic we know does not exist. */
  unknownSinceMs: number | undefined;
}

interface Waiter extends Deferred<TopicView> {
  readonly sinceMs: number;
}

/** What an answer about a topic changed. */
export interface Taken {
  /** It says of a known topic what was not known, or that it is gone. */
  readonly news: boolean;
  /** It is not the last word: ask again. */
  readonly again: boolean;
}

const NOTHING: Taken = { news: false, again: false };

/** The topics in use: what is known of each, and who waits to know it. */
export class TopicInterests {
  readonly #clock: Clock;
  readonly #scheduler: Scheduler;
  readonly #interests = new Map<string, Interest>();

  constructor(clock: Clock, scheduler: Scheduler) {
    this.#clock = clock;
    this.#scheduler = scheduler;
  }

  get names(): IterableIterator<string> {
    return this.#interests.keys();
  }

  get size(): number {
    return this.#interests.size;
  }

  /** Brokers that lead partitions of the topics in use. */
  leaders(): ReadonlySet<number> {
    const leaders = new Set<number>();
    for (const { view } of this.#interests.values()) {
      for (const { leaderId } of view?.partitions ?? []) if (leaderId !== undefined) leaders.add(leaderId);
    }
    return leaders;
  }

  /** The topic, if it is known now. */
  view(name: string): TopicView | undefined {
    const interest = this.#interests.get(name);
    if (interest === undefined) return undefined;
    interest.lastUsedMs = this.#clock.monotonicMs();
    return interest.view;
  }

  /** Resolves with the topic; after `timeoutMs` rejects with what `late` gives. */
  await(name: string, timeoutMs: number, late: () => MoldauError): Promise<TopicView> {
    const nowMs = this.#clock.monotonicMs();
    const fresh: Interest = { view: undefined, version: 0, lastUsedMs: nowMs, waiters: [], unknownSinceMs: undefined };
    const interest = this.#interests.get(name) ?? fresh;
    this.#interests.set(name, interest);
    const waiter: Waiter = { ...createDeferred<TopicView>(), sinceMs: nowMs };
    interest.waiters.push(waiter);
    const timer = this.#scheduler.after(timeoutMs, () => {
      interest.waiters = interest.waiters.filter((other) => other !== waiter);
      waiter.reject(late());
    });
    const settled = (): void => timer.cancel();
    waiter.promise.then(settled, settled);
    return waiter.promise;
  }

  /** Takes in what a broker says of a topic at that version of the metadata. What is older than the known is ignored. */
  take(name: string, topic: TopicMetadata, version: number): Taken {
    const interest = this.#interests.get(name);
    if (interest === undefined) return NOTHING;
    if (version < interest.version) return { news: false, again: interest.waiters.length > 0 };
    if (topic.error !== undefined) return this.#missing(interest, topic, version);
    const known = interest.view;
    const view = mergeTopic(topic, known);
    interest.view = view;
    interest.version = version;
    interest.unknownSinceMs = undefined;
    for (const waiter of interest.waiters.splice(0)) waiter.resolve(view);
    return { news: known !== undefined && isNews(view, known), again: false };
  }

  /** What a hint said is newer than what brokers described. */
  replace(name: string, view: TopicView): void {
    const interest = this.#interests.get(name);
    if (interest !== undefined) interest.view = view;
  }

  /** What was known of the topic no longer holds: it was deleted. */
  forget(name: string): void {
    const interest = this.#interests.get(name);
    if (interest !== undefined) interest.view = undefined;
  }

  /** Another cluster answers: its versions say nothing about ours. */
  forgetVersions(): void {
    for (const interest of this.#interests.values()) interest.version = 0;
  }

  forgetIdle(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const [name, { waiters, lastUsedMs }] of this.#interests) {
      if (waiters.length === 0 && nowMs - lastUsedMs > TOPIC_IDLE_MS) this.#interests.delete(name);
    }
  }

  get awaited(): boolean {
    for (const { waiters } of this.#interests.values()) if (waiters.length > 0) return true;
    return false;
  }

  /** Rejects whoever waits. */
  disappointAll(error: MoldauError): void {
    for (const interest of this.#interests.values()) rejectAll(interest.waiters.splice(0), error);
  }

  close(error: MoldauError): void {
    this.disappointAll(error);
    this.#interests.clear();
  }

  #missing(interest: Interest, { topicId, error: item }: TopicMetadata, version: number): Taken {
    const error = item === undefined ? new MoldauError('INTERNAL', 'no error') : itemToError(item);
    // A stream of changes names the topic that is gone by its id: another of its name may be there by now.
    if (topicId !== '' && interest.view !== undefined && interest.view.topicId !== topicId) return NOTHING;
    const gone = this.#isGone(interest, error, version);
    if (gone === 'yes') {
      interest.view = undefined;
      interest.version = version;
      interest.unknownSinceMs = undefined;
    }
    const waiting = this.#disappoint(interest, error);
    return { news: gone === 'yes', again: waiting || gone === 'perhaps' };
  }

  /** A known topic is gone when newer metadata does not have it, or once brokers have said so for a while. */
  #isGone(interest: Interest, { reason }: MoldauError, version: number): 'yes' | 'perhaps' | 'no' {
    if (reason !== 'UNKNOWN_TOPIC' || interest.view === undefined) return 'no';
    if (version > interest.version) return 'yes';
    const nowMs = this.#clock.monotonicMs();
    interest.unknownSinceMs ??= nowMs;
    return nowMs - interest.unknownSinceMs >= UNKNOWN_TOPIC_GRACE_MS ? 'yes' : 'perhaps';
  }

  /** Rejects those who have waited long enough for a topic that is not there; true when others wait on. */
  #disappoint(interest: Interest, error: MoldauError): boolean {
    const nowMs = this.#clock.monotonicMs();
    const patient = error.retriable || error.reason === 'UNKNOWN_TOPIC';
    const graceMs = error.retriable ? Number.POSITIVE_INFINITY : UNKNOWN_TOPIC_GRACE_MS;
    const keep = interest.waiters.filter(({ sinceMs }) => patient && nowMs - sinceMs < graceMs);
    rejectAll(
      interest.waiters.filter((waiter) => !keep.includes(waiter)),
      error,
    );
    interest.waiters = keep;
    return keep.length > 0;
  }
}

function rejectAll(waiters: readonly Waiter[], error: MoldauError): void {
  for (const waiter of waiters) waiter.reject(error);
}
