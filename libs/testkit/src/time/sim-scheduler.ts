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
  /** Keeps `idle` waiting: a foreground event that has neither run nor been given up. */
  awaited: boolean;
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
      add: (process, delayMs, callback, background) => this.#add(process, delayMs, callback, background),
      givenUp: (events) => {
        this.#foreground -= events;
      },
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
      const process = this.#pickDue();
      if (process !== undefined) {
        const event = process.due.shift();
        if (process.due.length === 0) this.#due.splice(this.#due.indexOf(process), 1);
        if (event === undefined || event.cancelled) continue;
        this.#settle(event);
        return event;
      }
      const first = this.#queue.first;
      if (first === undefined || first.timeMs > untilMs) return undefined;
      this.#nowMs = first.timeMs;
    }
  }

  /** One of the running processes with something due; undefined when there is none. */
  #pickDue(): Process | undefined {
    let ready = 0;
    let first: Process | undefined;
    for (const process of this.#due) {
      if (process.state !== 'running') continue;
      first ??= process;
      ready++;
    }
    if (ready < 2 || this.#random === undefined) return first;
    let left = this.#random.below(ready);
    return this.#due.find((process) => process.state === 'running' && left-- === 0);
  }

  /** Moves what is due from the queue to its process; forgets what will not happen. */
  #collectDue(): void {
    if (this.#due.some(isStopped)) this.#due = this.#due.filter((process) => !isStopped(process));
    for (let first = this.#queue.first; first !== undefined && first.timeMs <= this.#nowMs; first = this.#queue.first) {
      this.#queue.shift();
      if (first.cancelled || first.process.state === 'stopped') continue;
      if (first.process.due.length === 0) this.#due.push(first.process);
      first.process.due.push(first);
    }
  }

  #add(process: Process, delayMs: number, callback: () => void, background: boolean): Timer {
    // Not `assert`: its facts would be made for each event.
    if (!(delayMs >= 0)) assert(false, 'a delay is not negative', { delayMs });
    const timeMs = Math.ceil((this.#nowMs + delayMs) * TICKS_PER_MS) / TICKS_PER_MS;
    const entry: ProcessEvent = {
      timeMs,
      sequence: this.#sequence++,
      background,
      cancelled: false,
      callback,
      process,
      awaited: !background,
    };
    if (!background) {
      this.#foreground++;
      process.awaited++;
    }
    this.#queue.push(entry);
    return { cancel: () => this.#settle(entry) };
  }

  /** The event ran, or never will. */
  #settle(event: ProcessEvent): void {
    event.cancelled = true;
    if (!event.awaited) return;
    event.awaited = false;
    if (isStopped(event.process)) return;
    event.process.awaited--;
    this.#foreground--;
  }
}

function isStopped({ state }: Process): boolean {
  return state === 'stopped';
}

interface EventHost {
  add(process: Process, delayMs: number, callback: () => void, background: boolean): Timer;
  /** So many foreground events will not happen any more. */
  givenUp(events: number): void;
}

class Process implements SimProcess {
  readonly id: number;
  readonly clock: SimClock;
  readonly scheduler: Scheduler;
  /** Events whose moment has come, in order. */
  due: ProcessEvent[] = [];
  /** How many foreground events have not run; given up when it stops. */
  awaited = 0;
  state: ProcessState = 'running';
  readonly #host: EventHost;

  constructor(id: number, clock: SimClock, host: EventHost) {
    this.id = id;
    this.#host = host;
    this.clock = clock;
    this.scheduler = {
      nextTurn: (callback) => {
        if (this.state !== 'stopped') host.add(this, 0, callback, false);
      },
      after: (delayMs, callback, options) => {
        if (this.state === 'stopped') return { cancel: () => {} };
        return host.add(this, delayMs, callback, options?.background ?? false);
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
    this.#host.givenUp(this.awaited);
    this.awaited = 0;
  }
}
