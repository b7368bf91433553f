import { MoldauError } from '@moldau/kernel';
import { AdmissionQueue } from './admission-queue.ts';
import { assertAppendable, assertKeys, internalTopic } from './append-checks.ts';
import { HeldBatches } from './held-batches.ts';
import type { Partition } from './partition.ts';
import type { PartitionDeps } from './partition-deps.ts';
import type { PendingBatch } from './pending-batch.ts';

/** The way of batches into one partition: checked, and appended in the order in which they came. */
export class BatchIntake {
  readonly #deps: PartitionDeps;
  readonly #partition: Partition;
  readonly #admission = new AdmissionQueue();
  /** Made with the first transactional batch. */
  #held: HeldBatches | undefined;

  constructor(deps: PartitionDeps, partition: Partition) {
    this.#deps = deps;
    this.#partition = partition;
  }

  /** See `Partition.append`. */
  append(batch: PendingBatch, bytes: Uint8Array, claimedEpoch: number | undefined): void {
    try {
      this.#partition.leading(claimedEpoch);
      const { settings } = this.#partition;
      if (settings.internal) throw internalTopic(this.#partition);
      assertAppendable(bytes, batch, settings, this.#deps.clock.wallMs());
      const check = settings.compacted ? assertKeys(bytes, this.#deps.compute) : undefined;
      if (check === undefined && this.#admission.isEmpty) {
        this.#appendChecked(batch, bytes, claimedEpoch);
        return;
      }
      const proceed = (): void => {
        try {
          this.#appendChecked(batch, bytes, claimedEpoch);
        } catch (caught) {
          this.#refuse(batch, MoldauError.from(caught));
        }
      };
      this.#admission.push({ proceed, refuse: (error) => this.#refuse(batch, error) }, check);
    } catch (caught) {
      this.#refuse(batch, MoldauError.from(caught));
    }
  }

  /** Refuses what has waited for a coordinator for too long; true while something waits. */
  expire(nowMs: number): boolean {
    this.#held?.expire(nowMs);
    return this.#held?.isEmpty === false;
  }

  /** This broker does not lead the partition any more: what is not appended is refused. */
  abandon(): void {
    this.#held?.abandon();
  }

  #appendChecked(batch: PendingBatch, bytes: Uint8Array, claimedEpoch: number | undefined): void {
    if (batch.transaction === undefined) this.#appendNow(batch, bytes, claimedEpoch);
    else this.#heldBatches().take({ batch, bytes, claimedEpoch });
  }

  #appendNow(batch: PendingBatch, bytes: Uint8Array, claimedEpoch: number | undefined): void {
    // Again after a check that took time; for the others it costs a comparison.
    const { leadership } = this.#partition.leading(claimedEpoch);
    leadership.append(batch, bytes, this.#partition.settings);
    if (leadership.pendingCount > 0) this.#deps.onPending(this.#partition);
  }

  #heldBatches(): HeldBatches {
    this.#held ??= new HeldBatches({
      deps: this.#deps,
      partition: this.#partition,
      append: ({ batch, bytes, claimedEpoch }) => this.#appendNow(batch, bytes, claimedEpoch),
      refuse: (batch, error) => this.#refuse(batch, error),
    });
    return this.#held;
  }

  #refuse(batch: PendingBatch, error: MoldauError): void {
    const { leadership } = this.#partition;
    if (leadership === undefined) {
      batch.fail(error);
      return;
    }
    leadership.refuse(batch, error);
    if (leadership.pendingCount > 0) this.#deps.onPending(this.#partition);
  }
}
