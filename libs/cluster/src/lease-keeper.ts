import { type Clock, MoldauError, type Scheduler, type Timer } from '@moldau/kernel';
import type { LeaseEvents } from './metadata-store.ts';

/** Keep-alives per ttl: two may fail before the third comes too late. */
const RENEWALS_PER_TTL = 3;
/** Wait after a failed keep-alive, so that an unreachable store is tried again well within the ttl. */
const RETRY_DELAY_MS = 100;
/** A timer may fire a little early, and a rest too small to add to the time would never pass. */
const TIMER_MS_MIN = 1;

export interface LeaseKeeperDeps {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
}

export interface LeaseKeeperOptions {
  readonly ttlMs: number;
  /** Monotonic time at which the request that granted the lease was sent. */
  readonly grantedAtMs: number;
  /** One keep-alive, with a deadline of its own. Rejects when no answer came: that alone loses nothing. */
  renew(): Promise<'alive' | 'gone'>;
  readonly events: LeaseEvents;
}

export interface LeaseKeeper {
  deadlineMs(): number;
  alive(): boolean;
  /** Stops renewing; `lost` will not run. */
  stop(): void;
}

/**
 * Renews a lease and tells its loss by the local clock. The deadline counts from the *sending* of the last answered
 * keep-alive: the store counts from a later moment, so it never ends the lease before we know.
 */
export function keepLease(deps: LeaseKeeperDeps, options: LeaseKeeperOptions): LeaseKeeper {
  const { clock, scheduler } = deps;
  const { ttlMs, renew, events } = options;
  let deadlineMs = options.grantedAtMs + ttlMs;
  let over = false;
  let deadlineTimer: Timer | undefined;
  let renewalTimer: Timer | undefined;

  function finish(): void {
    over = true;
    deadlineTimer?.cancel();
    renewalTimer?.cancel();
  }
  function lose(why: string): void {
    if (over) return;
    finish();
    events.lost(new MoldauError('LEASE_LOST', `the lease on the metadata store was lost: ${why}`, { ttl_ms: String(ttlMs) }));
  }
  function watchDeadline(): void {
    deadlineTimer?.cancel();
    deadlineTimer = scheduler.after(Math.max(TIMER_MS_MIN, deadlineMs - clock.monotonicMs()), () => {
      if (clock.monotonicMs() >= deadlineMs) lose('no keep-alive was answered in time');
      else watchDeadline();
    });
  }
  function renewAfter(delayMs: number): void {
    if (!over) renewalTimer = scheduler.after(delayMs, () => void attempt());
  }
  async function attempt(): Promise<void> {
    const sentAtMs = clock.monotonicMs();
    try {
      const answer = await renew();
      if (over) return;
      if (answer === 'gone') return lose('the store has ended it');
      deadlineMs = Math.max(deadlineMs, sentAtMs + ttlMs);
      watchDeadline();
      renewAfter(Math.max(0, sentAtMs + ttlMs / RENEWALS_PER_TTL - clock.monotonicMs()));
    } catch {
      renewAfter(RETRY_DELAY_MS);
    }
  }

  watchDeadline();
  renewAfter(ttlMs / RENEWALS_PER_TTL);
  return { deadlineMs: () => deadlineMs, alive: () => !over && clock.monotonicMs() < deadlineMs, stop: finish };
}
