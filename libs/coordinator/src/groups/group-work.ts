import { type AssignmentTask, type GroupRef, type GroupResult, type GroupShard, groupKey } from '@moldau/groups';
import { type Clock, type Instants, type Logger, MoldauError, type Scheduler, type Timer } from '@moldau/kernel';
import type { ShardHandle } from '@moldau/shards';
import type { GroupMachine } from './group-machine.ts';

/** Members that one operation brings closer to their targets: some milliseconds, and some hundred records. */
const RECONCILED_MEMBERS_MAX = 256;
/** Groups that one operation looks at after topics or settings changed. */
const REFRESHED_GROUPS_MAX = 64;
/** Between two assignments of one group, in milliseconds: members that come by the hundred don't get one each. */
const ASSIGNMENT_INTERVAL_MS = 50;
/** Between two looks at deadlines, in milliseconds: a session that ends so much later is as good. */
const EXPIRY_INTERVAL_MS = 50;
/** After an operation that could not be run, in milliseconds. */
const RETRY_MS = 50;
/** How long an operation of the background waits to be committed, in milliseconds; it stays valid afterwards. */
const OPERATION_TIMEOUT_MS = 30_000;
/** Assignments remembered for the interval; beyond, they are forgotten, and groups are assigned at once. */
const REMEMBERED_GROUPS_MAX = 10_000;

export interface GroupWorkDeps {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
}

/**
 * What a shard of groups does by itself, a bounded piece per turn: targets in steps of a millisecond; then, one operation at a
 * time, what expired, targets that are computed, groups whose topics changed, and members that are not where they are to be.
 */
export class GroupWork {
  readonly #deps: GroupWorkDeps;
  #handle: ShardHandle<GroupMachine> | undefined;
  /** Of the one group whose targets are being computed, or are to be adopted. */
  #task: AssignmentTask | undefined;
  #taskIsDone = false;
  readonly #assignedAtMs = new Map<string, number>();
  #toRefresh: GroupRef[] = [];
  #refreshAll = false;
  #armed = false;
  #operating = false;
  #closed = false;
  #timer: Timer | undefined;
  #timerAtMs = Number.POSITIVE_INFINITY;

  constructor(deps: GroupWorkDeps) {
    this.#deps = deps;
  }

  /** The shard is loaded and serves. */
  begin(handle: ShardHandle<GroupMachine>): void {
    this.#handle = handle;
    this.stir();
  }

  /** There may be something to do. */
  stir(): void {
    if (this.#armed || this.#closed || this.#handle === undefined) return;
    this.#armed = true;
    this.#deps.scheduler.nextTurn(() => {
      this.#armed = false;
      if (!this.#closed) this.#turn();
    });
  }

  /** Topics or settings changed: every group is looked at. */
  refreshAll(): void {
    this.#refreshAll = true;
    this.stir();
  }

  /** Settings of one group changed. */
  refresh(group: GroupRef): void {
    this.#toRefresh.push(group);
    this.stir();
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  #turn(): void {
    const handle = this.#handle;
    const machine = handle?.active();
    if (handle === undefined || machine === undefined) return;
    const { shard } = machine;
    const nowMs = this.#deps.clock.monotonicMs();
    this.#assign(shard, nowMs);
    if (!this.#operating && this.#hasOperation(shard, nowMs)) void this.#operate(handle);
    if (this.#task !== undefined && !this.#taskIsDone) this.stir();
    const deadlineMs = shard.nextDeadlineMs();
    if (deadlineMs !== undefined) this.#wakeIn(Math.max(EXPIRY_INTERVAL_MS, deadlineMs - nowMs));
  }

  /** Computes targets for a millisecond, of one group at a time. */
  #assign(shard: GroupShard, nowMs: number): void {
    if (this.#taskIsDone) return;
    this.#task ??= this.#nextTask(shard, nowMs);
    this.#taskIsDone = this.#task?.step() ?? false;
  }

  #nextTask(shard: GroupShard, nowMs: number): AssignmentTask | undefined {
    let waitMs = Number.POSITIVE_INFINITY;
    for (const group of shard.groupsToAssign()) {
      const key = groupKey(group);
      const dueMs = (this.#assignedAtMs.get(key) ?? Number.NEGATIVE_INFINITY) + ASSIGNMENT_INTERVAL_MS;
      if (dueMs > nowMs) {
        waitMs = Math.min(waitMs, dueMs - nowMs);
        continue;
      }
      if (this.#assignedAtMs.size >= REMEMBERED_GROUPS_MAX) this.#assignedAtMs.clear();
      this.#assignedAtMs.set(key, nowMs);
      return shard.beginAssignment(group);
    }
    if (waitMs !== Number.POSITIVE_INFINITY) this.#wakeIn(waitMs);
    return undefined;
  }

  #hasOperation(shard: GroupShard, nowMs: number): boolean {
    return this.#taskIsDone || this.#refreshAll || this.#toRefresh.length > 0 || shard.unreconciled || shard.isDue(nowMs);
  }

  async #operate(handle: ShardHandle<GroupMachine>): Promise<void> {
    this.#operating = true;
    try {
      await handle.run((machine, now) => machine.perform(now, (shard, at) => this.#step(machine, shard, at)), {
        timeoutMs: OPERATION_TIMEOUT_MS,
      });
      this.#operating = false;
      this.stir();
    } catch (caught) {
      this.#operating = false;
      const error = MoldauError.from(caught);
      if (error.reason === 'INTERNAL') throw caught;
      if (this.#closed) return;
      this.#deps.logger.debug('work on groups waits for the shard', { reason: error.reason });
      this.#wakeIn(RETRY_MS);
    }
  }

  /** One piece of everything there is, to be committed together. */
  #step(machine: GroupMachine, shard: GroupShard, now: Instants): GroupResult<undefined> {
    const pieces: GroupResult<undefined>[] = [];
    if (shard.isDue(now.monotonicMs)) pieces.push(shard.expire(now));
    if (this.#task !== undefined && this.#taskIsDone) {
      pieces.push(shard.adoptAssignment(now, this.#task));
      this.#task = undefined;
      this.#taskIsDone = false;
    }
    for (const group of this.#nextToRefresh(shard)) {
      pieces.push(shard.refresh(now, group));
      machine.settingsMayDiffer(group);
    }
    let groups = 0;
    while (shard.unreconciled && groups++ < REFRESHED_GROUPS_MAX) {
      const piece = shard.reconcile(now, RECONCILED_MEMBERS_MAX);
      pieces.push(piece);
      if (piece.records.length >= RECONCILED_MEMBERS_MAX) break;
    }
    return {
      records: pieces.flatMap(({ records }) => records),
      response: undefined,
      notices: pieces.flatMap(({ notices }) => notices),
    };
  }

  #nextToRefresh(shard: GroupShard): readonly GroupRef[] {
    if (this.#refreshAll) {
      this.#refreshAll = false;
      this.#toRefresh = [...shard.list()].map(({ group }) => group);
    }
    return this.#toRefresh.splice(-REFRESHED_GROUPS_MAX);
  }

  #wakeIn(delayMs: number): void {
    if (this.#closed) return;
    const atMs = this.#deps.clock.monotonicMs() + delayMs;
    if (this.#timer !== undefined && this.#timerAtMs <= atMs) return;
    this.#timer?.cancel();
    this.#timerAtMs = atMs;
    this.#timer = this.#deps.scheduler.after(
      delayMs,
      () => {
        this.#timer = undefined;
        this.#timerAtMs = Number.POSITIVE_INFINITY;
        this.stir();
      },
      { background: true },
    );
  }
}
