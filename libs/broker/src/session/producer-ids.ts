import { type BrokerEpoch, type BrokerId, type Clock, type Logger, MoldauError, type ProducerId, producerId } from '@moldau/kernel';
import { coordinatorService } from '@moldau/protocol';
import type { ControllerClient } from './controller-client.ts';

/** How long one request for a block may take. */
const ALLOCATION_TIMEOUT_MS = 10_000;
/** The next block is asked for when this share of the current one is left. */
const PREFETCH_SHARE = 0.2;

interface Block {
  next: number;
  readonly end: number;
  readonly count: number;
}

export interface ProducerIdsDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly controller: ControllerClient;
  readonly brokerId: BrokerId;
  /** Epoch of this life of the broker; undefined before it registered. */
  readonly brokerEpoch: () => BrokerEpoch | undefined;
}

/** Hands out producer ids from blocks that the controller allocates; the next block is fetched before one runs out. */
export class ProducerIds {
  readonly #deps: ProducerIdsDeps;
  #block: Block | undefined;
  #spare: Block | undefined;
  #fetching: Promise<void> | undefined;

  constructor(deps: ProducerIdsDeps) {
    this.#deps = deps;
  }

  /** An id that nobody has had. @throws MoldauError COORDINATOR_NOT_AVAILABLE and what else the allocation throws */
  async next(): Promise<ProducerId> {
    for (;;) {
      const id = this.#take();
      if (id !== undefined) return id;
      await this.#fetch();
    }
  }

  #take(): ProducerId | undefined {
    if (this.#block === undefined || this.#block.next === this.#block.end) {
      this.#block = this.#spare;
      this.#spare = undefined;
    }
    const block = this.#block;
    if (block === undefined) return undefined;
    const id = producerId(block.next);
    block.next += 1;
    if (block.end - block.next <= block.count * PREFETCH_SHARE && this.#spare === undefined) this.#prefetch();
    return id;
  }

  #prefetch(): void {
    this.#fetch().catch((caught: unknown) => {
      this.#deps.logger.warn('no block of producer ids in advance', { error: MoldauError.from(caught).message });
    });
  }

  #fetch(): Promise<void> {
    this.#fetching ??= this.#allocate().finally(() => {
      this.#fetching = undefined;
    });
    return this.#fetching;
  }

  async #allocate(): Promise<void> {
    const { brokerId, clock, controller } = this.#deps;
    const brokerEpoch = this.#deps.brokerEpoch();
    if (brokerEpoch === undefined) throw new MoldauError('COORDINATOR_NOT_AVAILABLE', 'the broker is not registered yet', {});
    const deadlineMs = clock.monotonicMs() + ALLOCATION_TIMEOUT_MS;
    const { firstProducerId, count } = await controller.call(coordinatorService.allocateProducerIds, { brokerId, brokerEpoch }, deadlineMs);
    if (count < 1) throw new MoldauError('INTERNAL', `the controller allocated ${count} producer ids`, {});
    const block: Block = { next: firstProducerId, end: firstProducerId + count, count };
    if (this.#block === undefined || this.#block.next === this.#block.end) this.#block = block;
    else this.#spare = block;
  }
}
