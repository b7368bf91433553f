import { type Ids, MoldauError } from '@moldau/kernel';
import { gatewayService, type ServerCall, type ServerStreamEvents, type SubscribeRequest, type SubscribeResponse } from '@moldau/protocol';
import { assertCount } from '../produce/produce-terms.ts';
import { bidirectional, type RegisteredMethod } from '../request/registered-method.ts';
import type { RequestContext } from '../request/request-context.ts';
import { subscribeTerms } from '../subscriptions/subscribe-terms.ts';
import type { Subscription } from '../subscriptions/subscription.ts';
import type { SubscribeFrame, SubscriptionSink } from '../subscriptions/subscription-ports.ts';
import type { Subscriptions } from '../subscriptions/subscriptions.ts';

/** Deliveries of one acknowledgement. */
const ACKNOWLEDGED_MAX = 10_000;

export interface SubscribeDeps {
  readonly ids: Ids;
  readonly subscriptions: Subscriptions;
}

/** `GatewayService.Subscribe`: a member of a group in the name of a client. */
export function subscribeMethod(deps: SubscribeDeps): RegisteredMethod {
  return bidirectional(gatewayService.subscribe, (call, context) => new SubscribeStream(deps, call, context));
}

class SubscribeStream implements ServerStreamEvents<SubscribeRequest>, SubscriptionSink {
  readonly #deps: SubscribeDeps;
  readonly #call: ServerCall<SubscribeResponse>;
  readonly #context: RequestContext;
  #subscription: Subscription | undefined;
  #closed = false;

  constructor(deps: SubscribeDeps, call: ServerCall<SubscribeResponse>, context: RequestContext) {
    this.#deps = deps;
    this.#call = call;
    this.#context = context;
  }

  message({ frame }: SubscribeRequest): void {
    if (this.#closed) return;
    if (frame === undefined) throw new MoldauError('INVALID_REQUEST', 'a message of the stream has no frame', { field: 'frame' });
    if ((frame.$case === 'start') !== (this.#subscription === undefined)) {
      const facts = { field: 'frame', value: frame.$case };
      throw new MoldauError('INVALID_REQUEST', `${frame.$case} came out of order: exactly the first message starts`, facts);
    }
    switch (frame.$case) {
      case 'start': {
        const { ids, subscriptions } = this.#deps;
        this.#subscription = subscriptions.open(subscribeTerms(frame.value, ids), this.#context, this);
        return;
      }
      case 'acknowledge':
        assertCount('delivery_ids', frame.value.deliveryIds.length, ACKNOWLEDGED_MAX);
        this.#subscription?.acknowledge(frame.value.deliveryIds);
        return;
      case 'leave':
        this.#subscription?.leave();
    }
  }

  drained(): void {
    this.#call.resume();
    this.#subscription?.drained();
  }

  /** Nothing more can be acknowledged, unless it has left: that ends the stream when it is done. */
  ended(): void {
    if (this.#subscription?.isLeaving !== true) this.end();
  }

  closed(): void {
    this.#closed = true;
    if (this.#subscription !== undefined) this.#deps.subscriptions.detach(this.#subscription);
  }

  send(frame: SubscribeFrame): boolean {
    if (this.#closed) return false;
    const hasRoom = this.#call.send({ frame });
    // Who does not read what it is told is not heard either.
    if (!hasRoom) this.#call.pause();
    return hasRoom;
  }

  end(error?: MoldauError): void {
    if (!this.#closed) this.#call.close(error);
  }
}
