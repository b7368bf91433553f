import { type Clock, MoldauError, type Scheduler, type Timer } from '@moldau/kernel';
import type { GetResult, LeaseId, RangeRequest, RangeResult, RevisionEvents, Transaction, TransactionResult } from '../metadata-store.ts';
import { type StagedChange, VersionedState } from './versioned-state.ts';

export interface MetadataEngineDeps {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  /** Makes a change durable; changes are handed over in order and must be durable in order. A rejection ends the engine. */
  commit(change: StagedChange): Promise<void>;
}

/** Given to a holder beyond its ttl, so that its own clock always tells it first. */
const LEASE_GRACE_MS = 100;

/** Changes that wait for their commit; more are refused before they are staged, so a stuck disk costs bounded memory. */
export const UNCOMMITTED_CHANGES_MAX = 4_096;

interface LeaseState {
  readonly ttlMs: number;
  deadlineMs: number;
  timer: Timer | undefined;
}

/**
 * The serving half of a metadata store within this process: state, leases and the order "stage, commit, publish". Readers
 * see only what is committed; a failed comparison is answered only after what it lost against is committed.
 */
export class MetadataEngine {
  readonly state: VersionedState;
  private readonly deps: MetadataEngineDeps;
  private readonly leases = new Map<LeaseId, LeaseState>();
  private readonly listeners = new Set<() => void>();
  private lastCommit: Promise<void> = Promise.resolve();
  private leaseCount = 0;
  private uncommitted = 0;
  private failure: MoldauError | undefined;

  constructor(deps: MetadataEngineDeps, state: VersionedState = new VersionedState()) {
    this.deps = deps;
    this.state = state;
  }

  get(key: string): GetResult {
    this.assertServing();
    return this.state.get(key);
  }

  range(request: RangeRequest): RangeResult {
    this.assertServing();
    return this.state.range(request);
  }

  /** Published changes above `after`. */
  changesAfter(after: number, limit: number): readonly RevisionEvents[] {
    this.assertServing();
    return this.state.changesAfter(after, limit);
  }

  async transact(transaction: Transaction): Promise<TransactionResult> {
    this.assertServing();
    for (const operation of transaction.operations) {
      if (operation.kind === 'put' && operation.lease !== undefined) this.leaseState(operation.lease);
    }
    if (this.uncommitted >= UNCOMMITTED_CHANGES_MAX) throw unavailable(`${this.uncommitted} changes wait for the disk`);
    const { succeeded, revision, change } = this.state.stage(transaction);
    await (change === undefined ? this.settled() : this.commit(change));
    return { succeeded, revision };
  }

  grantLease(ttlMs: number): LeaseId {
    this.assertServing();
    this.leaseCount += 1;
    const id = `lease-${this.state.headRevision()}-${this.leaseCount}` as LeaseId;
    this.leases.set(id, { ttlMs, deadlineMs: 0, timer: undefined });
    this.renewLease(id);
    return id;
  }

  /** False when the lease is gone. */
  renewLease(id: LeaseId): boolean {
    this.assertServing();
    const lease = this.leases.get(id);
    if (lease === undefined) return false;
    lease.deadlineMs = this.deps.clock.monotonicMs() + lease.ttlMs + LEASE_GRACE_MS;
    if (lease.timer === undefined) this.watchLease(id, lease);
    return true;
  }

  /** Ends the lease and deletes its keys; nothing happens when it is gone. */
  async endLease(id: LeaseId): Promise<void> {
    this.leases.get(id)?.timer?.cancel();
    this.leases.delete(id);
    if (this.failure !== undefined) return;
    const change = this.state.stageLeaseEnd(id);
    if (change !== undefined) await this.commit(change);
  }

  /** Runs after each publication, and once when the engine ends. Returns the way to stop that. */
  onPublished(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Refuses everything from now on; leases and listeners end. */
  stop(error: MoldauError): void {
    this.failure ??= error;
    for (const lease of this.leases.values()) lease.timer?.cancel();
    this.leases.clear();
    this.tell();
    this.listeners.clear();
  }

  /** False once it was stopped. */
  serving(): boolean {
    return this.failure === undefined;
  }

  /** Resolves once everything staged so far is committed. */
  async settled(): Promise<void> {
    await this.lastCommit;
    this.assertServing();
  }

  private commit(change: StagedChange): Promise<void> {
    this.uncommitted += 1;
    this.lastCommit = this.deps.commit(change).then(
      () => {
        this.uncommitted -= 1;
        this.assertServing();
        this.state.publish(change.revision);
        this.tell();
      },
      (error: unknown) => {
        this.stop(unavailable('its log could not be written', error));
        this.assertServing();
      },
    );
    return this.lastCommit;
  }

  private tell(): void {
    for (const listener of this.listeners) listener();
  }

  private watchLease(id: LeaseId, lease: LeaseState): void {
    const { clock, scheduler } = this.deps;
    // A rest too small to add to the time would never pass.
    const wait = Math.max(1, lease.deadlineMs - clock.monotonicMs());
    const check = (): void => {
      lease.timer = undefined;
      if (clock.monotonicMs() < lease.deadlineMs) this.watchLease(id, lease);
      else this.endLease(id).catch(() => undefined);
    };
    lease.timer = scheduler.after(wait, check, { background: true });
  }

  private leaseState(id: LeaseId): LeaseState {
    const lease = this.leases.get(id);
    if (lease === undefined) throw new MoldauError('LEASE_LOST', `the metadata store knows no lease ${id}`, { lease: id });
    return lease;
  }

  private assertServing(): void {
    if (this.failure !== undefined) throw this.failure;
  }
}

/** The one error of a store that can't be reached or has ended. */
export function unavailable(why: string, cause?: unknown): MoldauError {
  return new MoldauError('METADATA_STORE_UNAVAILABLE', `the metadata store is unavailable: ${why}`, {}, { cause });
}
