import { assert, type Clock, type Instants, MoldauError, type Scheduler, type Timer } from '@moldau/kernel';
import { CommitQueue, type CommitRound, sizeOfRecords, type WaitingOperation } from './commit-queue.ts';
import { encodeRound } from './encode-round.ts';
import { ShardLoader } from './load-shard.ts';
import { type AppendEnd, OwnedLog } from './owned-log.ts';
import { Pause } from './pause.ts';
import { pendingOperation } from './pending-operation.ts';
import { DEFAULT_SHARD_LIMITS, type ShardLimits } from './shard-limits.ts';
import type { ShardLog } from './shard-log.ts';
import type { ShardHandle, ShardMachine, ShardOutcome, ShardRunOptions } from './shard-machine.ts';
import type { ShardMetrics } from './shard-metrics.ts';

export interface ShardRuntimeDeps<Machine extends ShardMachine> {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly log: ShardLog;
  /** An empty machine; called once, when the log is claimed. */
  readonly newMachine: () => Machine;
  readonly metrics: ShardMetrics;
  /** It takes operations from now on. */
  readonly onActive?: () => void;
  /**
   * The machine was thrown away: another owner writes, or `error` stood in the way. Not called after `close`. To own it again in the same
   * epoch, another runtime may be started.
   */
  readonly onLost?: (error: MoldauError) => void;
  /** An append or a read failed and is sent again. */
  readonly onRetry?: (error: MoldauError) => void;
}

export interface ShardRuntimeOptions {
  readonly index: number;
  /** Of this owner. At most one runtime at a time, in all the cluster, may run with one epoch of a shard. */
  readonly shardEpoch: number;
  readonly limits?: Partial<ShardLimits>;
}

/** idle → claiming → loading → active; claiming, loading, active → lost; every state but lost → closed. */
type State<Machine> =
  | { readonly kind: 'idle' }
  | { readonly kind: 'claiming' }
  | { readonly kind: 'loading'; readonly machine: Machine }
  | { readonly kind: 'active'; readonly machine: Machine }
  | { readonly kind: 'lost'; readonly error: MoldauError }
  | { readonly kind: 'closed' };

/** Runs one shard in one epoch of its owner: claims the log, loads the machine, commits what operations give. See the README. */
export class ShardRuntime<Machine extends ShardMachine> implements ShardHandle<Machine> {
  readonly index: number;
  readonly shardEpoch: number;
  readonly #deps: ShardRuntimeDeps<Machine>;
  readonly #limits: ShardLimits;
  readonly #pause: Pause;
  readonly #owned: OwnedLog;
  readonly #queue: CommitQueue;
  #state: State<Machine> = { kind: 'idle' };
  /** What the append under way commits. */
  #round: CommitRound | undefined;
  /** Whether the loop of appends runs, or will in the next turn. */
  #committing = false;
  /** Whether somebody waits for what no round has taken. */
  #hurry = false;
  /** Runs while only unhurried operations wait. */
  #unhurried: Timer | undefined;
  #sweep: { readonly timer: Timer; readonly atMs: number } | undefined;

  constructor(deps: ShardRuntimeDeps<Machine>, { index, shardEpoch, limits }: ShardRuntimeOptions) {
    this.#deps = deps;
    this.index = index;
    this.shardEpoch = shardEpoch;
    this.#limits = { ...DEFAULT_SHARD_LIMITS, ...limits };
    this.#pause = new Pause(deps.scheduler, this.#limits);
    this.#queue = new CommitQueue(this.#limits);
    const { appendTimeoutMs } = this.#limits;
    this.#owned = new OwnedLog(deps.log, this.#pause, { shardEpoch, appendTimeoutMs, onRetry: (error) => this.#retried(error) });
  }

  get kind(): State<Machine>['kind'] {
    return this.#state.kind;
  }

  /** Operations that wait for their commit. */
  get pendingCount(): number {
    return this.#queue.length + (this.#round?.operations.length ?? 0);
  }

  get #ended(): boolean {
    return this.#state.kind === 'lost' || this.#state.kind === 'closed';
  }

  start(): void {
    assert(this.#state.kind === 'idle', 'a shard is started once', { shard: this.index, kind: this.#state.kind });
    this.#state = { kind: 'claiming' };
    void this.#open();
  }

  /** Gives the shard back. What waits is refused: as not done where that is certain. Idempotent. */
  close(): void {
    if (this.#ended) return;
    const refusal = notOwner(this.index, 'is given back');
    this.#end({ kind: 'closed' }, { refusal, ofSent: inDoubt(this.index, refusal) });
  }

  active(): Machine | undefined {
    return this.#state.kind === 'active' ? this.#state.machine : undefined;
  }

  async run<Response>(
    operation: (machine: Machine, now: Instants) => ShardOutcome<Response>,
    { timeoutMs, unhurried = false }: ShardRunOptions,
  ): Promise<Response> {
    const state = this.#state;
    if (state.kind !== 'active') throw this.#notActive();
    this.#queue.assertRoom(this.index);
    const now = this.#now();
    const outcome = operation(state.machine, now);
    const deadlineMs = now.monotonicMs + timeoutMs;
    const { promise, waiting } = pendingOperation(outcome, { sizeBytes: sizeOfRecords(outcome.records), deadlineMs });
    this.#queue.push(waiting);
    this.#deps.metrics.queued(1, waiting.sizeBytes);
    this.#sweepBy(deadlineMs);
    if (unhurried) this.#commitLater();
    else this.#commitSoon();
    return await promise;
  }

  async #open(): Promise<void> {
    const startedMs = this.#deps.clock.monotonicMs();
    const claim = await this.#owned.claim();
    if (claim.kind === 'stopped' || this.#ended) return;
    if (claim.kind === 'lost') {
      this.#lose(claim.error, false);
      return;
    }
    const machine = this.#deps.newMachine();
    this.#state = { kind: 'loading', machine };
    const { log, clock, scheduler } = this.#deps;
    const deps = { log, clock, scheduler, pause: this.#pause, limits: this.#limits, onRetry: (error: MoldauError) => this.#retried(error) };
    try {
      await new ShardLoader(deps, machine).load(claim.markedAt);
    } catch (caught) {
      if (!(caught instanceof MoldauError)) throw caught;
      if (!this.#ended) this.#lose(caught, false);
      return;
    }
    if (this.#ended) return;
    this.#state = { kind: 'active', machine };
    this.#deps.metrics.loaded(clock.monotonicMs() - startedMs);
    machine.begin(this.#now());
    this.#deps.onActive?.();
  }

  /** Operations of one turn share an append, and so do all that run while one is under way. */
  #commitSoon(): void {
    this.#hurry = true;
    if (this.#committing) return;
    this.#committing = true;
    this.#deps.scheduler.nextTurn(() => void this.#commit());
  }

  /** With the next operation that is in a hurry, or after a while. */
  #commitLater(): void {
    if (this.#committing) return;
    this.#unhurried ??= this.#deps.scheduler.after(this.#limits.unhurriedMs, () => this.#commitSoon(), { background: true });
  }

  async #commit(): Promise<void> {
    const { clock, metrics } = this.#deps;
    this.#unhurried?.cancel();
    this.#unhurried = undefined;
    while (this.#state.kind === 'active' && this.#hurry && this.#queue.length > 0) {
      const round = this.#queue.take();
      this.#hurry = this.#queue.length > 0;
      this.#round = round;
      const startedMs = clock.monotonicMs();
      const end = await this.#append(round);
      // What comes after the end is nobody's: all that waited has been answered.
      if (end.kind === 'stopped' || this.#ended) return;
      if (end.kind === 'lost') {
        this.#lose(end.error, end.mayBeWritten);
        return;
      }
      this.#round = undefined;
      metrics.appended(clock.monotonicMs() - startedMs, round.operations.length);
      metrics.queued(-round.operations.length, -round.sizeBytes);
      for (const operation of round.operations) operation.commit();
    }
    this.#committing = false;
    if (this.#state.kind === 'active' && this.#queue.length > 0) this.#commitLater();
  }

  async #append(round: CommitRound): Promise<AppendEnd> {
    let batch: Uint8Array;
    try {
      batch = encodeRound(round, this.#deps.clock.wallMs(), this.#limits.batchBytesMax);
    } catch (caught) {
      // The machine has changed already, and nothing of it can be written.
      return { kind: 'lost', error: MoldauError.from(caught), mayBeWritten: false };
    }
    return await this.#owned.append(batch, round.recordCount);
  }

  #lose(error: MoldauError, mayBeWritten: boolean): void {
    const refusal = notOwner(this.index, `is lost: ${error.message}`, error);
    // Sent again elsewhere, an operation that is too large would cost the next machine too.
    const definite = error.reason === 'RECORD_TOO_LARGE' ? error : refusal;
    this.#end({ kind: 'lost', error }, { refusal, ofSent: mayBeWritten ? inDoubt(this.index, refusal) : definite });
    this.#deps.metrics.lost();
    this.#deps.onLost?.(error);
  }

  /** `ofSent`: for records that were in the append under way. */
  #end(
    next: State<Machine> & { readonly kind: 'lost' | 'closed' },
    { refusal, ofSent }: { readonly refusal: MoldauError; readonly ofSent: MoldauError },
  ): void {
    const state = this.#state;
    this.#state = next;
    this.#pause.end();
    this.#sweep?.timer.cancel();
    this.#sweep = undefined;
    this.#unhurried?.cancel();
    const { metrics } = this.#deps;
    if (state.kind === 'active') metrics.ended();
    const sent = this.#round?.operations ?? [];
    this.#round = undefined;
    const waiting = [...this.#queue.waiting()];
    for (const operation of sent) operation.reject(operation.records.length > 0 ? ofSent : refusal);
    for (const operation of waiting) operation.reject(refusal);
    for (const { sizeBytes } of [...sent, ...waiting]) metrics.queued(-1, -sizeBytes);
    if (state.kind === 'loading' || state.kind === 'active') state.machine.close();
  }

  /** Sees to it that a sweep comes when this deadline has passed. */
  #sweepBy(deadlineMs: number): void {
    if (this.#sweep !== undefined && this.#sweep.atMs <= deadlineMs) return;
    this.#sweep?.timer.cancel();
    const delayMs = Math.max(0, deadlineMs - this.#deps.clock.monotonicMs());
    this.#sweep = { timer: this.#deps.scheduler.after(delayMs, () => this.#expire(), { background: true }), atMs: deadlineMs };
  }

  /** Answers those whose callers wait no longer. Their records are committed none the less, or lost with the shard. */
  #expire(): void {
    this.#sweep = undefined;
    const nowMs = this.#deps.clock.monotonicMs();
    let nextMs = Number.POSITIVE_INFINITY;
    const look = (operation: WaitingOperation): void => {
      if (operation.deadlineMs > nowMs) nextMs = Math.min(nextMs, operation.deadlineMs);
      else operation.reject(timedOut(this.index));
    };
    for (const operation of this.#round?.operations ?? []) look(operation);
    for (const operation of this.#queue.waiting()) look(operation);
    if (nextMs < Number.POSITIVE_INFINITY) this.#sweepBy(nextMs);
  }

  #retried(error: MoldauError): void {
    this.#deps.metrics.retried();
    this.#deps.onRetry?.(error);
  }

  #now(): Instants {
    const { clock } = this.#deps;
    return { monotonicMs: clock.monotonicMs(), wallMs: clock.wallMs() };
  }

  #notActive(): MoldauError {
    switch (this.#state.kind) {
      case 'idle':
      case 'claiming':
      case 'loading':
        return new MoldauError('COORDINATOR_LOADING', `shard ${this.index} is loading`, facts(this.index));
      case 'active':
      case 'lost':
      case 'closed':
        return notOwner(this.index, 'is not owned here');
    }
  }
}

function notOwner(shard: number, why: string, cause?: MoldauError): MoldauError {
  return new MoldauError('NOT_SHARD_OWNER', `shard ${shard} ${why}`, facts(shard), cause === undefined ? {} : { cause });
}

/** The append may have come to the log. */
function inDoubt(shard: number, refusal: MoldauError): MoldauError {
  return new MoldauError('REQUEST_TIMED_OUT', `${refusal.message}; what was under way may have been written`, facts(shard), {
    cause: refusal,
  });
}

function timedOut(shard: number): MoldauError {
  return new MoldauError('REQUEST_TIMED_OUT', `shard ${shard} has not committed the operation in time`, facts(shard));
}

function facts(shard: number): Readonly<Record<string, string>> {
  return { shard: String(shard) };
}
