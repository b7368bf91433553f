import type { Clock } from '@moldau/kernel';
import { coordinatorService } from '@moldau/protocol';
import { UNARY_TIMEOUT_MS_DEFAULT } from '../request/interceptor.ts';
import type { RequestContext } from '../request/request-context.ts';
import type { ControllerClient } from './controller-client.ts';

/** Passes clients' calls on to the controller, in an envelope that says who they are. */
export class Forwarder {
  readonly #clock: Clock;
  readonly #controller: ControllerClient;

  constructor(clock: Clock, controller: ControllerClient) {
    this.#clock = clock;
    this.#controller = controller;
  }

  /** The controller's encoded answer. Rejects with what the controller answers, or COORDINATOR_NOT_AVAILABLE. */
  async forward(payload: Uint8Array, context: RequestContext): Promise<Uint8Array> {
    const deadlineMs = context.deadlineMs ?? this.#clock.monotonicMs() + UNARY_TIMEOUT_MS_DEFAULT;
    const request = {
      method: context.path,
      payload,
      principal: context.principal.name,
      namespace: context.namespace,
      clientId: context.clientId,
      traceparent: context.trace?.traceparent ?? '',
      listener: context.listener,
    };
    return (await this.#controller.call(coordinatorService.forward, request, deadlineMs)).payload;
  }
}
