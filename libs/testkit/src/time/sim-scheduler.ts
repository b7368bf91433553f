import { assert, type Random, type Scheduler, type Timer } from '@moldau/kernel';
import { EventQueue, type SimEvent } from './event-queue.ts';
import { SimClock } from './sim-clock.ts';
import { turns } from './turns.ts';

export interface SimSchedulerOptions {
  /** Decides which process goes first when several could; default: in order of creation. */
  readonly random?: Random;
  /** Events that one call of `run`, `runFor`, `idle` or `until` may take, against endless loops; default 10 million. */
  readonly eventsMax?: number;
  /** Told of each event before its callback runs: two runs that are told the same did the same. */
  readonly onEvent?: (event: SeenEvent) => void;
}

/** What happens next, as an observer sees it. */
export interface SeenEvent {
  /** Virtual time. */
  readonly timeMs: number;
  /** Order of creation among all events. */
  readonly sequence: number;
  /** Number of its process, in order of creation; the world's is 0. */
  readonly processId: number;
}

/** A simulated process: its own clocks, and its own turns that end with it. */
export interface SimProcess {
  readonly clock: SimClock;
  readonly scheduler: Scheduler;
  /** Its callbacks wait, while time goes on, until `resume`: SIGSTOP. */
  pause(): void;
  resume(): void;
  /** Its callbacks never run any more: SIGKILL. */
  stop(): void;
}

interface ProcessEvent extends SimEvent {
  readonly process: Process;
}

/** `running → paused → running`; `stopped` from both, for ever. */
type ProcessState = 'running' | 'paused' | 'stopped';

const EVENTS_MAX = 10_000_000;
/**
 * Things happen at whole ticks, never earlier than asked: a power of two, so that sums and differences of times are exact
 * and a rest of a wait is never too small to pass.
 */
const TICKS_PER_MS = 1024;

/**
 * One queue of all that happens in a simulation, in virtual time. After each callback all microtasks run, so asynchronous
 * code goes as far as it can before the next event. Callbacks due at one moment keep their order within a process, as a
 * real event loop keeps it; between processes the seed decides. Used as a `Scheduler` itself it is the world's: network,
 * faults, the test.
 */
export class SimScheduler implements Scheduler {
  /** The world's clocks. */
  readonly clock: SimClock;
  readonly #random: Random | undefined;
  readonly #eventsMax: number;
  readonly #onEvent: ((event: SeenEvent) => void) | undefined;
  readonly #queue = new EventQueue<ProcessEvent>();
  readonly #world: Process;
  /** Processes with events due now, in the order in which they got them. */
  #due: Process[] = [];
  #nowMs = 0;
  #sequence = 0;
  #processes = 0;
  #foreground = 0;
  #running = false;

  constructor(options: SimSchedulerOptions = {}) {
    this.#random = options.random;
    this.#eventsMax = options.eventsMax ?? EVENTS_MAX;
    this.#onEvent = options.onEvent;
    this.clock = new SimClock(() => this.#nowMs);
    this.#world = this.#newProcess(this.clock);
  }

  /** Virtual time since the start. */
  get nowMs(): number {
    return this.#nowMs;
  }

  nextTurn(callback: () => void): void {
    this.#world.scheduler.nextTurn(callback);
  }

  after(delayMs: number, callback: () => void, options: { readonly background?: boolean } = {}): Timer {
    return this.#world.scheduler.after(delayMs, callback, options);
  }

  createProcess(options: { readonly wallOffsetMs?: number } = {}): SimProcess {
    return this.#newProcess(new SimClock(() => this.#nowMs, options.wallOffsetMs));
  }

  /** Runs all that happens up to this moment of virtual time, and ends there. */
  async run(untilMs: number): Promise<void> {
    await this.#loop(untilMs, () => false);
    this.#nowMs = Math.max(this.#nowMs, untilMs);
  }

  async runFor(durationMs: number): Promise<void> {
    await this.run(this.#nowMs + durationMs);
  }

  /** Runs until nothing is left but background timers. */
  async idle(): Promise<void> {
    await this.#loop(Number.POSITIVE_INFINITY, () => this.#foreground === 0);
  }

  /** Runs until the promise settles, and returns its value; an assertion failure when nothing is left to wait for. */
  async until<Value>(promise: Promise<Value>, limitMs = 3_600_000): Promise<Value> {
    let settled = false;
    const settle = (): void => {
      settled = true;
    };
    promise.then(settle, settle);
    await this.#loop(this.#nowMs + limitMs, () => settled);
    assert(settled, 'what is awaited happens', { nowMs: this.#nowMs, limitMs });
    return promise;
  }

  #newProcess(clock: SimClock): Process {
    return new Process(this.#processes++, clock, {
      add: (event) => this.#add(event),
      settle: (event) => this.#settle(event),
    });
  }

  async #loop(untilMs: number, done: () => boolean): Promise<void> {
    assert(!this.#running, 'a simulation is run by one caller');
    this.#running = true;
    let events = 0;
    try {
      await turns(() => {
        if (done()) return false;
        assert(events < this.#eventsMax, 'a simulation comes to its end', { nowMs: this.#nowMs, events });
        events++;
        return this.#runNext(untilMs);
      });
    } finally {
      this.#running = false;
    }
  }

  /** False when nothing is left to happen until then. */
  #runNext(untilMs: number): boolean {
    const event = this.#next(untilMs);
    if (event === undefined) return false;
    this.#onEvent?.({ timeMs: this.#nowMs, sequence: event.sequence, processId: event.process.id });
    event.callback();
    return true;
  }

  #next(untilMs: number): ProcessEvent | undefined {
    for (;;) {
      this.#collectDue();
      const ready = this.#due.filter((process) => process.state === 'running');
      const process = ready[this.#random === undefined || ready.length < 2 ? 0 : this.#random.below(ready.length)];
      if (process !== undefined) {
        const event = process.due.shift();
        if (process.due.length === 0) this.#due = this.#due.filter((other) => other !== process);
        if (event === undefined || event.cancelled) continue;
        this.#settle(event);
        return event;
      }
      const first = this.#queue.first;
      if (first === undefined || first.timeMs > untilMs) return undefined;
      this.#nowMs = first.timeMs;
    }
  }

  /** Moves what is due from the queue to its process; forgets what will not happen. */
  #collectDue(): void {
    this.#due = this.#due.filter((process) => process.state !== 'stopped');
    for (let first = this.#queue.first; first !== undefined && first.timeMs <= this.#nowMs; first = this.#queue.first) {
      this.#queue.shift();
      if (first.cancelled || first.process.state === 'stopped') continue;
      if (first.process.due.length === 0) this.#due.push(first.process);
      first.process.due.push(first);
    }
  }

  #add(event: NewEvent): Timer {
    const { delayMs, ...rest } = event;
    assert(delayMs >= 0, 'a delay is not negative', { delayMs });
    const timeMs = Math.ceil((this.#nowMs + delayMs) * TICKS_PER_MS) / TICKS_PER_MS;
    const entry: ProcessEvent = { ...rest, timeMs, sequence: this.#sequence++, cancelled: false };
    if (!entry.background) {
      this.#foreground++;
      entry.process.waiting.add(entry);
    }
    this.#queue.push(entry);
    return { cancel: () => this.#settle(entry) };
  }

  /** The event ran, or never will. */
  #settle(event: ProcessEvent): void {
    event.cancelled = true;
    if (event.process.waiting.delete(event)) this.#foreground--;
  }
}

type NewEvent = Omit<ProcessEvent, 'sequence' | 'timeMs' | 'cancelled'> & { readonly delayMs: number };

interface EventHost {
  add(event: NewEvent): Timer;
  settle(event: ProcessEvent): void;
}

class Process implements SimProcess {
  readonly id: number;
  readonly clock: SimClock;
  readonly scheduler: Scheduler;
  /** Events whose moment has come, in order. */
  due: ProcessEvent[] = [];
  /** Foreground events that have not run. */
  readonly waiting = new Set<ProcessEvent>();
  state: ProcessState = 'running';
  readonly #host: EventHost;

  constructor(id: number, clock: SimClock, host: EventHost) {
    this.id = id;
    this.#host = host;
    this.clock = clock;
    this.scheduler = {
      nextTurn: (callback) => {
        if (this.state !== 'stopped') host.add({ process: this, delayMs: 0, background: false, callback });
      },
      after: (delayMs, callback, options) => {
        if (this.state === 'stopped') return { cancel: () => {} };
        return host.add({ process: this, delayMs, background: options?.background ?? false, callback });
      },
    };
  }

  pause(): void {
    if (this.state === 'running') this.state = 'paused';
  }

  resume(): void {
    if (this.state === 'paused') this.state = 'running';
  }

  stop(): void {
    this.state = 'stopped';
    this.due = [];
    for (const event of [...this.waiting]) this.#host.settle(event);
  }
}
