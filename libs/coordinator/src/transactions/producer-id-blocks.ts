import { type Logger, MoldauError, type ProducerId, producerId } from '@moldau/kernel';
import type { ProducerIds } from '@moldau/transactions';

/** The next block is asked for when this share of the current one is left. */
const PREFETCH_SHARE = 0.2;

interface Block {
  next: number;
  readonly end: number;
  readonly count: number;
}

export interface ProducerIdBlocksDeps {
  readonly logger: Logger;
  /** A block from the controller. Rejects with what keeps it from that. */
  readonly allocate: () => Promise<{ readonly firstProducerId: number; readonly count: number }>;
}

/** Producer ids for all shards of the instance, from blocks that the controller allocates. */
export class ProducerIdBlocks implements ProducerIds {
  readonly #deps: ProducerIdBlocksDeps;
  #block: Block | undefined;
  #spare: Block | undefined;
  #fetching: Promise<void> | undefined;

  constructor(deps: ProducerIdBlocksDeps) {
    this.#deps = deps;
  }

  /** Whether an id is at hand. */
  get isReady(): boolean {
    return this.#current() !== undefined;
  }

  /** Settles when an id is at hand. Rejects with what the allocation throws. */
  async ready(): Promise<void> {
    while (!this.isReady) await this.#fetch();
  }

  /** @throws MoldauError COORDINATOR_NOT_AVAILABLE when none is at hand */
  take(): ProducerId {
    const block = this.#current();
    if (block === undefined) throw new MoldauError('COORDINATOR_NOT_AVAILABLE', 'no producer id is at hand', {});
    const id = producerId(block.next);
    block.next += 1;
    if (block.end - block.next <= block.count * PREFETCH_SHARE && this.#spare === undefined) this.#prefetch();
    return id;
  }

  #current(): Block | undefined {
    if (this.#block === undefined || this.#block.next === this.#block.end) {
      this.#block = this.#spare;
      this.#spare = undefined;
    }
    return this.#block;
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
    const { firstProducerId, count } = await this.#deps.allocate();
    if (count < 1) throw new MoldauError('INTERNAL', `the controller allocated ${count} producer ids`, {});
    const block: Block = { next: firstProducerId, end: firstProducerId + count, count };
    if (this.#current() === undefined) this.#block = block;
    else this.#spare = block;
  }
}
