import { MoldauError } from '@moldau/kernel';
import { assertHeld, holdsOf, type OffsetHold } from './offset-holds.ts';
import type { TransactionGroup, TransactionOffset } from './transaction-types.ts';

/** What is known of one transaction while it lasts. */
export class OpenTransaction {
  /** The first thing that went wrong in it. */
  failure: MoldauError | undefined;
  /** Batches that the producer had sent before it: whether it has sent any is whether there are more. */
  readonly #batchesBefore: number;
  /** The server may know of it by other than batches. */
  #offsetsSent = false;
  /** Calls for offsets under way: an end waits for them. */
  readonly #staging = new Set<Promise<void>>();
  /** In which the offsets were read. */
  readonly #holds = new Set<OffsetHold>();

  constructor(batchesBefore: number) {
    this.#batchesBefore = batchesBefore;
  }

  /** Whether the server may know anything of it. */
  isKnown(batchesSent: number): boolean {
    return this.#offsetsSent || batchesSent > this.#batchesBefore;
  }

  /** Stages offsets by `call`; tells `failed` before it rejects. @throws MoldauError NOT_PARTITION_OWNER; what `call` rejects with */
  async stage(
    group: TransactionGroup,
    offsets: readonly TransactionOffset[],
    call: () => Promise<void>,
    failed: (error: MoldauError) => void,
  ): Promise<void> {
    this.#offsetsSent = true;
    const staging = this.#stage(group, offsets, call);
    const settled = staging.catch((caught: unknown) => failed(MoldauError.from(caught)));
    this.#staging.add(settled);
    try {
      await staging;
    } finally {
      this.#staging.delete(settled);
    }
  }

  /**
   * Resolves when all is staged and written, so that it may be committed. Not before all offsets are staged it stands that nobody reads
   * the same records anew.
   *
   * @throws MoldauError NOT_PARTITION_OWNER: what an offset was read from was lost meanwhile
   */
  async sent(flushed: Promise<void> | undefined): Promise<void> {
    await Promise.all([flushed, ...this.#staging]);
    assertHeld(this.#holds);
  }

  async #stage(group: TransactionGroup, offsets: readonly TransactionOffset[], call: () => Promise<void>): Promise<void> {
    for (const held of holdsOf(group, offsets)) this.#holds.add(held);
    await call();
  }
}
