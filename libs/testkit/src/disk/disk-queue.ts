import { type DiskError, present, type Random, type Scheduler } from '@moldau/kernel';
import type { DiskFaults, DiskOperation } from './disk-faults.ts';

/** How long an operation on so many bytes takes, in milliseconds of the scheduler's time. */
export type DiskLatency = (operation: DiskOperation, bytes: number) => number;

/** One call on its way to the disk. */
export interface DiskTask<Result> {
  readonly operation: DiskOperation;
  readonly path: string;
  readonly bytes: number;
  /** Happens when the call completes. */
  effect(): Result;
  /** What an injected failure does besides rejecting. */
  failed?(): void;
  /** What may have happened when the process died meanwhile; default `effect`. */
  partly?(random: Random): void;
}

/** Stops completions of one operation, to put a test's hand between a call and its end. */
export interface DiskHold {
  /** Calls that wait here. */
  readonly waiting: number;
  /** Lets the calls that wait go, and those to come. */
  release(): void;
}

const never = new Promise<never>(() => {});

/** The calls in flight: delays them, lets them fail, completes them; freezes them for ever once the disk's process is dead. */
export class DiskQueue {
  readonly #faults: DiskFaults;
  readonly #scheduler: Scheduler | undefined;
  readonly #latency: DiskLatency;
  readonly #inFlight = new Set<DiskTask<unknown>>();
  readonly #holds = new Map<DiskOperation, { gate: Promise<void>; waiting: number }>();
  #dead = false;

  constructor(faults: DiskFaults, scheduler: Scheduler | undefined, latency: DiskLatency) {
    this.#faults = faults;
    this.#scheduler = scheduler;
    this.#latency = latency;
  }

  get inFlight(): number {
    return this.#inFlight.size;
  }

  async run<Result>(task: DiskTask<Result>): Promise<Result> {
    if (this.#dead) return never;
    const failure = this.#faults.take(task.operation, task.path);
    this.#inFlight.add(task);
    const scheduler = this.#scheduler;
    if (scheduler === undefined) await Promise.resolve();
    else {
      const delayMs = this.#latency(task.operation, task.bytes);
      await new Promise<void>((resolve) => {
        scheduler.after(delayMs, resolve);
      });
    }
    if (this.#holds.size > 0) await this.#pass(task.operation);
    if (this.#dead) return never;
    this.#inFlight.delete(task);
    if (failure === undefined) return task.effect();
    task.failed?.();
    throw failure;
  }

  hold(operation: DiskOperation): DiskHold {
    let open: (() => void) | undefined;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const hold = { gate, waiting: 0 };
    this.#holds.set(operation, hold);
    return {
      get waiting() {
        return hold.waiting;
      },
      release: () => {
        if (this.#holds.get(operation) === hold) this.#holds.delete(operation);
        present(open, 'the gate is made')();
      },
    };
  }

  /** The process ends: nothing settles any more. With `random` each call in flight may still have happened. */
  stop(random: Random | undefined): void {
    this.#dead = true;
    for (const task of this.#inFlight) {
      if (random === undefined || random.below(2) === 0) continue;
      happen(task, random);
    }
    this.#inFlight.clear();
  }

  async #pass(operation: DiskOperation): Promise<void> {
    for (let hold = this.#holds.get(operation); hold !== undefined; hold = this.#holds.get(operation)) {
      hold.waiting++;
      await hold.gate;
      hold.waiting--;
    }
  }
}

/** An operation that fails on its own account (no space, not found) has simply not happened. */
function happen(task: DiskTask<unknown>, random: Random): void {
  try {
    if (task.partly === undefined) task.effect();
    else task.partly(random);
  } catch (error) {
    if ((error as DiskError).name !== 'DiskError') throw error;
  }
}
