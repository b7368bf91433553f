import type { Namespace, TopicId } from '@moldau/kernel';
import { compileTopicPattern, type TopicPattern } from '../pattern/topic-pattern.ts';
import type { TopicsView, TopicView } from '../topics-view.ts';

/** What a member subscribes to. */
export interface Subscription {
  /** Sorted, each once. */
  readonly topicNames: readonly string[];
  readonly topicPattern: string | undefined;
}

/** How many different subscriptions and expressions are remembered; beyond, all are forgotten and found again. */
const REMEMBERED_MAX = 10_000;

/** Subscriptions to topics. Equal subscriptions of a namespace get the same array as long as the topics stay the same. */
export class SubscriptionResolver {
  readonly #patterns = new Map<string, TopicPattern>();
  readonly #resolved = new Map<string, readonly TopicId[]>();
  #topics: TopicsView | undefined;
  #version = 0;

  /** Topics in order of their ids. A name without a topic is left out until there is one. */
  resolve(namespace: Namespace, subscription: Subscription, topics: TopicsView): readonly TopicId[] {
    if (topics !== this.#topics || topics.version !== this.#version) this.#resolved.clear();
    this.#topics = topics;
    this.#version = topics.version;
    const key = `${namespace}/${signatureOf(subscription)}`;
    const remembered = this.#resolved.get(key);
    if (remembered !== undefined) return remembered;
    const found = this.#find(namespace, subscription, topics);
    if (this.#resolved.size >= REMEMBERED_MAX) this.#resolved.clear();
    this.#resolved.set(key, found);
    return found;
  }

  #find(namespace: Namespace, { topicNames, topicPattern }: Subscription, topics: TopicsView): readonly TopicId[] {
    const found = new Set<TopicId>();
    for (const name of topicNames) {
      const topic = topics.byName(namespace, name);
      if (topic !== undefined) found.add(topic.topicId);
    }
    if (topicPattern !== undefined) {
      const pattern = this.#pattern(topicPattern);
      for (const topic of topics.inNamespace(namespace)) if (matchesPattern(topic, pattern)) found.add(topic.topicId);
    }
    return [...found].sort();
  }

  #pattern(expression: string): TopicPattern {
    let pattern = this.#patterns.get(expression);
    if (pattern === undefined) {
      if (this.#patterns.size >= REMEMBERED_MAX) this.#patterns.clear();
      this.#patterns.set(expression, (pattern = compileTopicPattern(expression)));
    }
    return pattern;
  }
}

/** Equal for equal subscriptions only: a name has neither comma nor line feed. */
export function signatureOf({ topicNames, topicPattern }: Subscription): string {
  return topicPattern === undefined ? topicNames.join() : `${topicNames.join()}\n${topicPattern}`;
}

export function matchesPattern(topic: TopicView, pattern: TopicPattern): boolean {
  return !topic.internal && pattern.matches(topic.name);
}
