import { STEP_WORK } from '../assignor/assignor.ts';
import { type PlacedTask, readiness, type TaskBoard } from './task-board.ts';

/** Places the copies of tasks: in processes other than the task's own and each other's, first where state of it is. */
export class StandbyPlaces {
  readonly #board: TaskBoard;
  readonly #copies: number;
  /** How many each member has. */
  readonly #loads: number[];
  /** What each would have if all had equally many. */
  readonly #share: number;

  constructor(board: TaskBoard, copies: number) {
    this.#board = board;
    this.#copies = copies;
    this.#loads = board.members.map(() => 0);
    const stateful = board.tasks.filter((task) => task.stateful).length;
    this.#share = Math.ceil((stateful * copies) / Math.max(1, board.members.length));
  }

  *place(): Generator<undefined, void> {
    if (this.#copies === 0) return;
    const tasks = this.#board.tasks.filter(({ stateful }) => stateful);
    yield* this.#each(tasks, (task, free) => {
      const kept = free.filter((member) => this.#hasState(task, member) && this.#load(member) < this.#share);
      return this.#best(task, kept);
    });
    yield* this.#each(tasks, (task, free) => this.#best(task, free));
  }

  *#each(
    tasks: readonly PlacedTask[],
    choose: (task: PlacedTask, free: readonly number[]) => number | undefined,
  ): Generator<undefined, void> {
    for (const task of tasks) {
      while (task.standbys.length < this.#copies) {
        const member = choose(task, this.#free(task));
        if (member === undefined) break;
        task.standbys.push(member);
        this.#loads[member] = this.#load(member) + 1;
      }
      this.#board.work += this.#board.members.length * (this.#copies + 1);
      if (this.#board.work > STEP_WORK) yield this.#board.pause();
    }
  }

  /** Members of processes that have nothing to do with the task. */
  #free({ active, warmup, standbys }: PlacedTask): readonly number[] {
    const board = this.#board;
    const taken = new Set([active, warmup, ...standbys].flatMap((member) => (member === undefined ? [] : [board.process(member)])));
    return [...board.members.keys()].filter((member) => !taken.has(board.process(member)));
  }

  #best(task: PlacedTask, free: readonly number[]): number | undefined {
    let best: number | undefined;
    for (const member of free) if (best === undefined || this.#compare(task, member, best) < 0) best = member;
    return best;
  }

  #compare(task: PlacedTask, one: number, other: number): number {
    const full = (member: number): number => Number(this.#load(member) >= this.#share);
    const stateless = (member: number): number => Number(!this.#hasState(task, member));
    const near = (member: number): number => Number(this.#isNear(task, member));
    return full(one) - full(other) || stateless(one) - stateless(other) || near(one) - near(other) || this.#load(one) - this.#load(other);
  }

  #hasState(task: PlacedTask, member: number): boolean {
    return this.#board.member(member).following.has(task.id) || readiness(task, member) !== undefined;
  }

  /** In the rack of the task: what takes that takes both. */
  #isNear({ active }: PlacedTask, member: number): boolean {
    const rack = active === undefined ? undefined : this.#board.member(active).rack;
    return rack !== undefined && rack === this.#board.member(member).rack;
  }

  #load(member: number): number {
    return this.#loads[member] ?? 0;
  }
}
