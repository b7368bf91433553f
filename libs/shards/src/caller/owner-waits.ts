import type { ShardKindName } from '@moldau/cluster';
import type { Random, Scheduler } from '@moldau/kernel';
import type { ShardDirectory } from './shard-directory.ts';

export interface OwnerWaitsDeps {
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly directory: ShardDirectory;
}

/** First wait before another attempt at the same owner. */
const BACK_OFF_MS_MIN = 20;
/** Longest wait: how soon an owner is found that the metadata does not tell of. */
const BACK_OFF_MS_MAX = 500;

/** As much of an owner as tells one from the next. */
interface Owned {
  readonly shardEpoch: number;
}

interface Wait {
  readonly kind: ShardKindName;
  readonly shard: number;
  readonly shardEpoch: number | undefined;
  readonly done: () => void;
}

/** Those who wait for a shard to have another owner, each with a limit. */
export class OwnerWaits {
  readonly #deps: OwnerWaitsDeps;
  readonly #waits = new Set<Wait>();

  constructor(deps: OwnerWaitsDeps) {
    this.#deps = deps;
  }

  /** Resolves when the shard has another owner than this, or after a wait that grows with the attempts, or after `maxMs`. */
  changed(
    kind: ShardKindName,
    shard: number,
    owner: Owned | undefined,
    { attempt, maxMs }: { readonly attempt: number; readonly maxMs: number },
  ): Promise<void> {
    const ceilingMs = Math.min(BACK_OFF_MS_MIN * 2 ** Math.min(attempt, 10), BACK_OFF_MS_MAX);
    // At random, so that callers do not come all at once.
    const delayMs = ceilingMs * (0.5 + 0.5 * this.#deps.random.fraction());
    return new Promise((resolve) => {
      this.whenMoved(kind, shard, owner, Math.max(0, Math.min(delayMs, maxMs)), resolve);
    });
  }

  /** Runs `then` once: when the shard has another owner than this, or after `limitMs`. Answers how to forget it. */
  whenMoved(kind: ShardKindName, shard: number, owner: Owned | undefined, limitMs: number, then: () => void): () => void {
    const end = (): void => {
      timer.cancel();
      this.#waits.delete(wait);
    };
    const wait: Wait = {
      kind,
      shard,
      shardEpoch: owner?.shardEpoch,
      done: () => {
        end();
        then();
      },
    };
    const timer = this.#deps.scheduler.after(limitMs, wait.done);
    this.#waits.add(wait);
    if (this.#hasMoved(wait)) wait.done();
    return end;
  }

  /** Owners may have changed. */
  look(): void {
    for (const wait of [...this.#waits]) if (this.#hasMoved(wait)) wait.done();
  }

  /** Everybody stops waiting. */
  close(): void {
    for (const wait of [...this.#waits]) wait.done();
  }

  /** To another owner; to nobody is no news to who waits for one. */
  #hasMoved({ kind, shard, shardEpoch }: Wait): boolean {
    const owner = this.#deps.directory.owner(kind, shard);
    return owner !== undefined && owner.shardEpoch !== shardEpoch;
  }
}
