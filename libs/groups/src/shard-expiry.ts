import type { ErrorName, Instants } from '@moldau/kernel';
import { expelMember } from './consumer/group-change.ts';
import { expireOffsets } from './offsets/expire-offsets.ts';
import type { Operation } from './operation.ts';
import type { SettingsView } from './settings/group-settings.ts';
import type { ShardState } from './shard-state.ts';
import type { MemberDeadline, MemberTimers } from './timers/member-timers.ts';

/** How often offsets are looked through for expired ones, in milliseconds: late by so much is nothing beside days. */
const SWEEP_INTERVAL_MS = 600_000;
/** Members removed in one step. */
const EXPELLED_MAX = 32;
/** Groups looked through in one step. */
const SWEPT_GROUPS_MAX = 64;
/**
 * How long it is remembered that a producer's transaction ended, in milliseconds: far beyond the longest transaction, so nothing of
 * it can still be on its way.
 */
export const ENDED_TRANSACTION_RETENTION_MS = 7 * 86_400_000;

const REASONS: Readonly<Record<MemberDeadline, ErrorName>> = {
  session: 'MEMBER_SESSION_EXPIRED',
  revocation: 'REVOCATION_TIMED_OUT',
  processing: 'PROCESSING_TIMED_OUT',
};

/** What a shard does because time passes, in steps. */
export class ShardExpiry {
  readonly #state: ShardState;
  readonly #timers: MemberTimers;
  #sweepDueMs: number | undefined;
  /** Groups that the sweep under way has yet to look through. */
  #toSweep: string[] = [];

  constructor(state: ShardState, timers: MemberTimers) {
    this.#state = state;
    this.#timers = timers;
  }

  begin(now: Instants, settings: SettingsView): void {
    this.#sweepDueMs = now.monotonicMs + SWEEP_INTERVAL_MS;
    for (const { group, consumer } of this.#state.groups.values()) {
      const { sessionTimeoutMs } = settings.settingsOf(group);
      for (const { memberId, profile, holding } of consumer.joined()) {
        this.#timers.set(group, memberId, 'session', now.monotonicMs + sessionTimeoutMs);
        if (holding.revoking.size === 0) continue;
        this.#timers.set(group, memberId, 'revocation', now.monotonicMs + profile.rebalanceTimeoutMs);
      }
    }
  }

  nextDeadlineMs(): number | undefined {
    const memberMs = this.#timers.nextDeadlineMs();
    if (this.#sweepDueMs === undefined) return memberMs;
    return Math.min(memberMs ?? this.#sweepDueMs, this.#sweepDueMs);
  }

  isDue(nowMs: number): boolean {
    return this.#timers.isDue(nowMs) || (this.#sweepDueMs !== undefined && nowMs >= this.#sweepDueMs);
  }

  expire(op: Operation): void {
    this.#expelMembers(op);
    if (this.#sweepDueMs === undefined || op.now.monotonicMs < this.#sweepDueMs) return;
    if (this.#toSweep.length === 0) {
      this.#toSweep = [...this.#state.groups.keys()];
      this.#forgetTransactions(op);
    }
    for (let count = 0; count < SWEPT_GROUPS_MAX; count++) {
      const key = this.#toSweep.pop();
      if (key === undefined) break;
      const entry = this.#state.groups.get(key);
      if (entry !== undefined) expireOffsets(op, entry);
    }
    if (this.#toSweep.length === 0) this.#sweepDueMs = op.now.monotonicMs + SWEEP_INTERVAL_MS;
  }

  #expelMembers(op: Operation): void {
    for (let count = 0; count < EXPELLED_MAX; count++) {
      const due = this.#timers.takeDue(op.now.monotonicMs);
      if (due === undefined) return;
      const entry = this.#state.get(due.group);
      if (entry?.consumer.get(due.memberId) !== undefined) expelMember(op, entry, due.memberId, REASONS[due.reason]);
    }
  }

  #forgetTransactions(op: Operation): void {
    for (const [producerId, { endedAtMs }] of [...this.#state.ended]) {
      if (op.now.wallMs - endedAtMs < ENDED_TRANSACTION_RETENTION_MS) continue;
      op.emit({ type: 'producer', producerId, value: undefined });
    }
  }
}
