import { present } from '@moldau/kernel';
import type { AssignableTask, TaskCandidate, TaskShare } from './assign-tasks.ts';

/** A task on the board; members by number. */
export interface PlacedTask extends AssignableTask {
  /** Who ran it so far. */
  readonly owner: number | undefined;
  /** Changelog records that members lack, of those that have state of it. */
  readonly lags: ReadonlyMap<number, number>;
  /** Who is to run it once that is warm. */
  wanted: number | undefined;
  /** Who has it, or is nearest to it. */
  holder: number | undefined;
  /** Who is to run it now. */
  active: number | undefined;
  /** Who is warmed up for it. */
  warmup: number | undefined;
  /** Who keeps copies of its state. */
  readonly standbys: number[];
}

/** What is lacking to a member; undefined: it has no state of the task. */
export function readiness({ owner, lags }: PlacedTask, member: number): number | undefined {
  return owner === member ? 0 : lags.get(member);
}

/** Where tasks are placed: members by number, in the order of their ids, tasks in theirs. */
export class TaskBoard {
  readonly members: readonly TaskCandidate[];
  readonly tasks: readonly PlacedTask[];
  /** Elementary operations since the last step. */
  work = 0;
  readonly #acceptableLag: number;
  readonly #wanted: readonly Set<PlacedTask>[];
  /** By member and part. */
  readonly #parts: readonly Map<number, number>[];

  constructor(members: readonly TaskCandidate[], tasks: readonly AssignableTask[], acceptableLag: number) {
    this.members = [...members].sort((one, other) => (one.memberId < other.memberId ? -1 : 1));
    this.#acceptableLag = acceptableLag;
    this.#wanted = this.members.map(() => new Set());
    this.#parts = this.members.map(() => new Map<number, number>());
    this.tasks = tasks.map((task) => {
      const owner = this.members.findIndex(({ active }) => active.has(task.id));
      const lags = this.#lagsOf(task.id);
      return {
        ...task,
        owner: owner === -1 ? undefined : owner,
        lags,
        wanted: undefined,
        holder: undefined,
        active: undefined,
        warmup: undefined,
        standbys: [],
      };
    });
    for (const task of this.tasks) if (task.owner !== undefined) this.want(task, task.owner);
  }

  pause(): undefined {
    this.work = 0;
  }

  process(member: number): string {
    return this.member(member).processId;
  }

  member(at: number): TaskCandidate {
    return present(this.members[at], 'members go by number');
  }

  load(member: number): number {
    return this.wantedBy(member).size;
  }

  wantedBy(member: number): ReadonlySet<PlacedTask> {
    return present(this.#wanted[member], 'members go by number');
  }

  want(task: PlacedTask, member: number): void {
    if (task.wanted !== undefined) {
      this.#wanted[task.wanted]?.delete(task);
      this.#count(task.wanted, task.part, -1);
    }
    task.wanted = member;
    this.#wanted[member]?.add(task);
    this.#count(member, task.part, 1);
  }

  /** The least and the most loaded, the first of several. */
  extremes(): readonly [least: number, most: number] {
    let [least, most] = [0, 0];
    for (const at of this.members.keys()) {
      if (this.load(at) < this.load(least)) least = at;
      if (this.load(at) > this.load(most)) most = at;
    }
    this.work += this.members.length;
    return [least, most];
  }

  /** Whether the member can take the task over without restoring much: on its disk is also what others of its process left there. */
  ready(task: PlacedTask, member: number): boolean {
    if (task.owner !== undefined && this.process(task.owner) === this.process(member)) return true;
    const lag = readiness(task, member);
    return lag !== undefined && lag <= this.#acceptableLag;
  }

  isFollowed({ id, wanted }: PlacedTask): boolean {
    return wanted !== undefined && this.member(wanted).following.has(id);
  }

  /** Whether `one` is the better place for a task that nobody runs. */
  nearer(task: PlacedTask, one: number, other: number): boolean {
    if (task.stateful) {
      const [near, far] = [this.#distance(task, one), this.#distance(task, other)];
      if (near !== far) return near < far;
    }
    if (this.load(one) !== this.load(other)) return this.load(one) < this.load(other);
    return this.#countOf(one, task.part) < this.#countOf(other, task.part);
  }

  /** Whether it is better to move `one` than `other`. */
  cheaper(one: PlacedTask, other: PlacedTask, from: number, to: number): boolean {
    const [price, best] = [this.#price(one, to), this.#price(other, to)];
    if (price !== best) return price < best;
    const surplus = (task: PlacedTask): number => this.#countOf(from, task.part) - this.#countOf(to, task.part);
    return surplus(one) > surplus(other);
  }

  shares(): ReadonlyMap<string, TaskShare> {
    const active = this.members.map((): string[] => []);
    const following = this.members.map(() => new Set<string>());
    for (const task of this.tasks) {
      const { id, owner, standbys, warmup } = task;
      if (task.active === undefined) continue;
      active[task.active]?.push(id);
      for (const member of standbys) following[member]?.add(id);
      if (warmup !== undefined) following[warmup]?.add(id);
      // It goes on following until the owner has given the task up.
      const handedOver = owner !== undefined && owner !== task.active && this.process(owner) !== this.process(task.active);
      if (handedOver && task.stateful) following[task.active]?.add(id);
    }
    return new Map(
      this.members.map(({ memberId }, at) => [memberId, { active: active[at] ?? [], following: [...(following[at] ?? [])].sort() }]),
    );
  }

  /** What members of one process have, all of them have. */
  #lagsOf(task: string): ReadonlyMap<number, number> {
    const least = new Map<string, number>();
    for (const { processId, lags } of this.members) {
      const lag = lags.get(task);
      if (lag !== undefined) least.set(processId, Math.min(lag, least.get(processId) ?? lag));
    }
    const found = new Map<number, number>();
    for (const [at, { processId }] of this.members.entries()) {
      const lag = least.get(processId);
      if (lag !== undefined) found.set(at, lag);
    }
    return found;
  }

  /** All that are ready are equally near. */
  #distance(task: PlacedTask, member: number): number {
    if (this.ready(task, member)) return 0;
    return readiness(task, member) ?? Number.POSITIVE_INFINITY;
  }

  #price(task: PlacedTask, to: number): number {
    if (!task.stateful || this.ready(task, to)) return 0;
    return this.member(to).following.has(task.id) ? 1 : 2;
  }

  #countOf(member: number, part: number): number {
    return this.#parts[member]?.get(part) ?? 0;
  }

  #count(member: number, part: number, change: 1 | -1): void {
    this.#parts[member]?.set(part, this.#countOf(member, part) + change);
  }
}
