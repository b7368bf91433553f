import { type Clock, type Logger, MoldauError, type Scheduler, type Timer } from '@moldau/kernel';
import type { ShardHandle } from '@moldau/shards';
import { EXPIRED_PER_ROUND_MAX, type Result, type TransactionShard } from '@moldau/transactions';
import type { TransactionMachine } from './transaction-machine.ts';
import type { TransactionMetrics } from './transaction-metrics.ts';

/** How late a transaction may be aborted after its timeout. */
export const TIMEOUT_CHECK_MS = 250;
/** How often ids that nobody uses are looked for. */
export const IDLE_CHECK_MS = 60_000;
const ROUND_TIMEOUT_MS = 30_000;

export interface TransactionExpiryDeps {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
  readonly handleOf: (shard: number) => ShardHandle<TransactionMachine> | undefined;
  readonly metrics: TransactionMetrics;
}

/** Aborts transactions that take too long, and forgets ids that were idle for too long, in the shards that are here. */
export class TransactionExpiry {
  readonly #deps: TransactionExpiryDeps;
  readonly #timers = new Map<TransactionMachine, Timer[]>();

  constructor(deps: TransactionExpiryDeps) {
    this.#deps = deps;
  }

  began(machine: TransactionMachine): void {
    this.#timers.set(machine, []);
    this.#every(machine, 0, TIMEOUT_CHECK_MS, () => this.#expireTransactions(machine));
    this.#every(machine, 1, IDLE_CHECK_MS, () => this.#expireIdle(machine));
  }

  closed(machine: TransactionMachine): void {
    for (const timer of this.#timers.get(machine) ?? []) timer.cancel();
    this.#timers.delete(machine);
  }

  #every(machine: TransactionMachine, at: number, intervalMs: number, check: () => Promise<void>): void {
    const timers = this.#timers.get(machine);
    if (timers === undefined) return;
    const again = (): void => this.#every(machine, at, intervalMs, check);
    timers[at] = this.#deps.scheduler.after(intervalMs, () => void check().then(again), { background: true });
  }

  async #expireTransactions(machine: TransactionMachine): Promise<void> {
    for (;;) {
      const atMs = machine.shard.nextTimeoutMs();
      if (atMs === undefined || atMs > this.#deps.clock.wallMs()) return;
      const expired = await this.#round(machine, (shard, nowMs) => shard.expireTransactions(nowMs));
      this.#deps.metrics.timeouts.add(expired);
      if (expired < EXPIRED_PER_ROUND_MAX) return;
    }
  }

  async #expireIdle(machine: TransactionMachine): Promise<void> {
    for (;;) {
      if (machine.shard.expireIdle(this.#deps.clock.wallMs()).records.length === 0) return;
      if ((await this.#round(machine, (shard, nowMs) => shard.expireIdle(nowMs))) < EXPIRED_PER_ROUND_MAX) return;
    }
  }

  /** One append of what is over; how many that were. */
  async #round(machine: TransactionMachine, operation: (shard: TransactionShard, nowMs: number) => Result<undefined>): Promise<number> {
    const handle = this.#deps.handleOf(machine.index);
    if (handle?.active() !== machine) return 0;
    let expired = 0;
    try {
      await handle.run(
        (_machine, now) => {
          const result = operation(machine.shard, now.wallMs);
          expired = result.records.length;
          return machine.outcome(result);
        },
        { timeoutMs: ROUND_TIMEOUT_MS },
      );
    } catch (caught) {
      // The next round comes by itself, here or at the next owner.
      this.#deps.logger.debug('a round of expiry was not confirmed', { shard: machine.index, error: MoldauError.from(caught).message });
      return 0;
    }
    return expired;
  }
}
