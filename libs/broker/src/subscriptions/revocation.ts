import type { Scheduler, Timer } from '@moldau/kernel';
import type { HeldPartition } from './held-partition.ts';

export interface RevocationDeps {
  readonly scheduler: Scheduler;
  /** How long acknowledgements are waited for. */
  readonly waitMs: number;
  /** All that was delivered of the partition is acknowledged, or will never be. */
  isDone(partition: HeldPartition): boolean;
  /** Commits what is acknowledged of them, and drops them. */
  giveUp(partitions: readonly HeldPartition[]): void;
  /** The epoch is carried out: nothing that was asked for is held any more. */
  carriedOut(): void;
}

/** The partitions that a member was asked for: each is given up when all is acknowledged, or when its time is over. */
export class Revocation {
  readonly #deps: RevocationDeps;
  readonly #pending = new Map<HeldPartition, Timer>();
  #epoch = 0;
  #carriedOutEpoch = 0;

  constructor(deps: RevocationDeps) {
    this.#deps = deps;
  }

  /** The newest member epoch that the member has carried out. */
  get carriedOutEpoch(): number {
    return this.#carriedOutEpoch;
  }

  /** A new assignment; `partitions` is all that it asks for and that is still held. */
  begin(epoch: number, partitions: readonly HeldPartition[]): void {
    this.#epoch = epoch;
    for (const partition of partitions) {
      partition.revoke();
      if (this.#pending.has(partition)) continue;
      const timer = this.#deps.scheduler.after(this.#deps.waitMs, () => this.#end([partition]));
      this.#pending.set(partition, timer);
    }
    this.check();
  }

  /** Something was acknowledged, or the client has gone. */
  check(): void {
    this.#end([...this.#pending.keys()].filter((partition) => this.#deps.isDone(partition)));
  }

  close(): void {
    for (const timer of this.#pending.values()) timer.cancel();
    this.#pending.clear();
  }

  #end(partitions: readonly HeldPartition[]): void {
    for (const partition of partitions) {
      this.#pending.get(partition)?.cancel();
      this.#pending.delete(partition);
    }
    if (partitions.length > 0) this.#deps.giveUp(partitions);
    for (const [partition, timer] of this.#pending) {
      if (!partition.isDropped) continue;
      timer.cancel();
      this.#pending.delete(partition);
    }
    if (this.#pending.size > 0 || this.#carriedOutEpoch === this.#epoch) return;
    this.#carriedOutEpoch = this.#epoch;
    this.#deps.carriedOut();
  }
}
