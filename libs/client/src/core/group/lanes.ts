import { Fifo } from '../fifo.ts';

/** Tasks in lanes: one of a lane at a time, in their order; so many lanes at a time, in turn. */
export class Lanes<Task> {
  readonly #width: number;
  readonly #work: (task: Task) => Promise<void>;
  readonly #ended: () => void;
  /** Tasks that wait, by lane, where the lane has one under way or is ready. */
  readonly #lanes = new Map<unknown, Fifo<Task>>();
  readonly #ready = new Fifo<unknown>();
  #busy = 0;
  #idle: (() => void)[] = [];

  /** `work` never rejects; `ended` is called after each task, when the next one has begun. */
  constructor(width: number, work: (task: Task) => Promise<void>, ended: () => void) {
    this.#width = width;
    this.#work = work;
    this.#ended = ended;
  }

  /** Whether more lanes could be worked on than are. */
  get hasRoom(): boolean {
    return this.#busy < this.#width;
  }

  /** `lane` is compared as a Map's key. */
  add(lane: unknown, task: Task): void {
    const known = this.#lanes.get(lane);
    if (known !== undefined) {
      known.push(task);
      return;
    }
    const tasks = new Fifo<Task>();
    tasks.push(task);
    this.#lanes.set(lane, tasks);
    this.#ready.push(lane);
    this.#fill();
  }

  /** Resolves when nothing is under way or waits. */
  drained(): Promise<void> {
    if (this.#lanes.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  #fill(): void {
    while (this.#busy < this.#width && this.#ready.length > 0) {
      const lane = this.#ready.shift();
      this.#busy += 1;
      void this.#next(lane);
    }
  }

  /** Never rejects. */
  async #next(lane: unknown): Promise<void> {
    const tasks = this.#lanes.get(lane);
    const task = tasks?.shift();
    if (task !== undefined) await this.#work(task);
    this.#busy -= 1;
    if (tasks === undefined || tasks.length === 0) this.#lanes.delete(lane);
    else this.#ready.push(lane);
    this.#fill();
    this.#ended();
    if (this.#lanes.size === 0) for (const wake of this.#idle.splice(0)) wake();
  }
}
