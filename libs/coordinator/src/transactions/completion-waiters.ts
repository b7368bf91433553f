import type { Scheduler, Timer } from '@moldau/kernel';
import type { TransactionName } from '@moldau/transactions';

/**
 * Calls that wait for the markers of an id's last transaction, over all shards of the instance. Beyond them a call is answered
 * CONCURRENT_TRANSACTIONS at once, and its caller comes again.
 */
export const COMPLETION_WAITERS_MAX = 20_000;

interface Waiter {
  readonly timer: Timer;
  readonly resolve: (isComplete: boolean) => void;
}

/** Calls that wait until a transaction is complete: the first write of the next one, mostly. */
export class CompletionWaiters {
  readonly #scheduler: Scheduler;
  readonly #byOwner = new Map<object, Map<string, Set<Waiter>>>();
  #count = 0;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  get count(): number {
    return this.#count;
  }

  /** True once it is complete; false when it took longer, the shard was lost, or too many wait already. */
  wait(owner: object, name: TransactionName, timeoutMs: number): Promise<boolean> {
    if (this.#count >= COMPLETION_WAITERS_MAX || timeoutMs <= 0) return Promise.resolve(false);
    return new Promise((resolve) => {
      const key = keyOf(name);
      const timer = this.#scheduler.after(timeoutMs, () => {
        this.#remove(owner, key, waiter);
        resolve(false);
      });
      const waiter: Waiter = { timer, resolve };
      const names = this.#byOwner.get(owner) ?? new Map<string, Set<Waiter>>();
      this.#byOwner.set(owner, names);
      const waiting = names.get(key) ?? new Set<Waiter>();
      names.set(key, waiting.add(waiter));
      this.#count += 1;
    });
  }

  wake(owner: object, name: TransactionName): void {
    this.#settle(owner, keyOf(name), true);
  }

  /** The shard is lost: nobody learns here how it goes on. */
  abandon(owner: object): void {
    for (const key of [...(this.#byOwner.get(owner)?.keys() ?? [])]) this.#settle(owner, key, false);
  }

  #settle(owner: object, key: string, isComplete: boolean): void {
    for (const waiter of [...(this.#byOwner.get(owner)?.get(key) ?? [])]) {
      waiter.timer.cancel();
      this.#remove(owner, key, waiter);
      waiter.resolve(isComplete);
    }
  }

  #remove(owner: object, key: string, waiter: Waiter): void {
    const names = this.#byOwner.get(owner);
    const waiting = names?.get(key);
    if (waiting?.delete(waiter) !== true) return;
    this.#count -= 1;
    if (waiting.size === 0) names?.delete(key);
    if (names?.size === 0) this.#byOwner.delete(owner);
  }
}

function keyOf({ namespace, transactionalId }: TransactionName): string {
  return `${namespace}/${transactionalId}`;
}
