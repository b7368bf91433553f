import type { RequestContext } from '../request/request-context.ts';
import type { StreamRegistry } from '../request/stream-registry.ts';
import type { SubscribeTerms } from './subscribe-terms.ts';
import { Subscription } from './subscription.ts';
import type { SubscriptionPorts, SubscriptionSink } from './subscription-ports.ts';

/** Members whose client has gone and may come back; beyond, the one that has waited longest leaves. Bounds their memory. */
const DETACHED_MAX = 1_000;

/** The members that this broker is for clients of `GatewayService.Subscribe`. */
export class Subscriptions {
  readonly #ports: SubscriptionPorts;
  readonly #streams: StreamRegistry;
  readonly #all = new Map<string, Subscription>();
  readonly #detached = new Set<Subscription>();

  constructor(ports: SubscriptionPorts, streams: StreamRegistry) {
    this.#ports = ports;
    this.#streams = streams;
  }

  /** Begins one, in place of the one that had the same member. */
  open(terms: SubscribeTerms, context: RequestContext, sink: SubscriptionSink): Subscription {
    const key = JSON.stringify([context.namespace, terms.join.groupId, terms.join.memberId]);
    this.#all.get(key)?.supersede();
    // The membership outlives the stream.
    const lasting = { ...context, deadlineMs: undefined, signal: new AbortController().signal };
    const subscription: Subscription = new Subscription(this.#ports, terms, lasting, sink, () => {
      if (this.#all.get(key) === subscription) this.#all.delete(key);
      this.#detached.delete(subscription);
      this.#streams.remove(subscription);
    });
    this.#all.set(key, subscription);
    subscription.open();
    // May send it away at once.
    if (!subscription.isOver) this.#streams.add(subscription);
    return subscription;
  }

  /** Its client's stream is over. */
  detach(subscription: Subscription): void {
    subscription.detach();
    if (subscription.isOver) return;
    this.#detached.add(subscription);
    const [oldest] = this.#detached;
    if (this.#detached.size > DETACHED_MAX && oldest !== undefined) {
      this.#detached.delete(oldest);
      oldest.goNow();
    }
  }
}
