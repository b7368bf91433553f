import { STEP_WORK } from '../assignor/assignor.ts';
import { StandbyPlaces } from './standby-places.ts';
import { type PlacedTask, readiness, TaskBoard } from './task-board.ts';

/** A member of a stream application, as the assignor sees it. Tasks go by `part_partition`. */
export interface TaskCandidate {
  readonly memberId: string;
  /** Members of one process share its disk and its fate. */
  readonly processId: string;
  readonly rack: string | undefined;
  /** Tasks that it was to run so far. */
  readonly active: ReadonlySet<string>;
  /** Tasks that it was to follow so far. */
  readonly following: ReadonlySet<string>;
  /** Changelog records that its state of a task lacks; no entry: it has none. */
  readonly lags: ReadonlyMap<string, number>;
}

/** A task of the application: a part of the topology, for one partition of its topics. */
export interface AssignableTask {
  readonly id: string;
  readonly part: number;
  /** Whether it has state that would have to be restored elsewhere. */
  readonly stateful: boolean;
}

export interface TaskLimits {
  /** Copies of the state of each task beside its own. */
  readonly standbys: number;
  /** A member that lacks at most so many changelog records of a task may take it over at once. */
  readonly acceptableLag: number;
  /** Tasks that are warmed up at a time. */
  readonly warmups: number;
}

export interface TaskInput {
  readonly members: readonly TaskCandidate[];
  readonly tasks: readonly AssignableTask[];
  readonly limits: TaskLimits;
}

/** What a member is to run, and what it is to follow: as a standby, to be warmed up, or until it has what it is to run. */
export interface TaskShare {
  readonly active: readonly string[];
  readonly following: readonly string[];
}

/** Shares by member; steps of about a millisecond. */
export type TaskSteps = Generator<undefined, ReadonlyMap<string, TaskShare>>;

/**
 * Places tasks as KIP-441 asks for: a task whose owner is there leaves it only for a member that has its state, and others are warmed
 * up first. Tasks that nobody runs go to whoever lacks least of their state; evenness comes after that, by moves that cost nobody a
 * pause. The same input gives the same answer in whatever order the members come.
 */
export function* assignTasks({ members, tasks, limits }: TaskInput): TaskSteps {
  const board = new TaskBoard(members, tasks, limits.acceptableLag);
  yield;
  yield* placeOrphans(board);
  for (const task of board.tasks) task.holder = task.wanted;
  yield* levelTasks(board);
  placeActive(board, limits.warmups);
  yield;
  const standbys = new StandbyPlaces(board, limits.standbys);
  yield* standbys.place();
  return board.shares();
}

/** Those that nobody runs: to who is nearest to their state; of several, to who has least. */
function* placeOrphans(board: TaskBoard): Generator<undefined, void> {
  for (const task of board.tasks) {
    if (task.wanted !== undefined) continue;
    let best = 0;
    for (let at = 1; at < board.members.length; at++) if (board.nearer(task, at, best)) best = at;
    board.want(task, best);
    board.work += board.members.length;
    if (board.work > STEP_WORK) yield board.pause();
  }
}

/** From the most to the least loaded, until they differ by one at most. Each move takes the task that costs least. */
function* levelTasks(board: TaskBoard): Generator<undefined, void> {
  for (;;) {
    const [least, most] = board.extremes();
    if (board.load(most) - board.load(least) < 2) return;
    let best: PlacedTask | undefined;
    for (const task of board.wantedBy(most)) if (best === undefined || board.cheaper(task, best, most, least)) best = task;
    if (best === undefined) return;
    board.work += board.load(most);
    board.want(best, least);
    if (board.work > STEP_WORK) yield board.pause();
  }
}

/** Who runs a task now: who is wanted to, or who has it until that one is warm. */
function placeActive(board: TaskBoard, warmups: number): void {
  let left = warmups;
  const cold: PlacedTask[] = [];
  for (const task of board.tasks) {
    const { wanted, holder } = task;
    if (wanted === undefined || holder === undefined) continue;
    const free = !task.stateful || wanted === holder || board.ready(task, wanted) || readiness(task, holder) === undefined;
    task.active = free ? wanted : holder;
    if (!free) cold.push(task);
  }
  // Those that are being warmed up already come first.
  for (const task of [...cold].sort((one, other) => Number(board.isFollowed(other)) - Number(board.isFollowed(one)))) {
    if (left-- <= 0) return;
    task.warmup = task.wanted;
  }
}
