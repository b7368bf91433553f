import type { JsonObject } from '@moldau/connect';
import type { Logger } from '@moldau/kernel';
import { RestartBudget, type RestartPolicy } from '../../core/restart-budget.ts';
import { type RunEffect, type RunEvent, type RunPhase, step } from '../../core/run-machine.ts';
import type { RunState } from '../../core/run-status.ts';
import type { HeldRun, WantedRun } from '../../core/wanted-runs.ts';
import type { MetricSample, ThreadJob, ThreadMessage } from '../thread/thread-messages.ts';
import type { Leave } from './start-queue.ts';
import { startThread, type TaskThread, type ThreadLimits } from './task-thread.ts';

export interface RunHostParts {
  /** Resolves when a thread may be started. */
  turn(isFirst: boolean): Promise<Leave>;
  /** What its thread is started with. @throws when its class is not there */
  job(run: WantedRun): ThreadJob;
  readonly logger: Logger;
  tell(run: WantedRun, state: RunState, trace: string | undefined, finished: boolean): void;
  planned(run: WantedRun, tasks: readonly JsonObject[], watches: boolean): void;
  samples(run: WantedRun, samples: readonly MetricSample[]): void;
  /** Records went through these topics. */
  topics(run: WantedRun, topics: readonly string[]): void;
  restarted(run: WantedRun): void;
}

/** What a run's config says of its thread. */
export interface RunLimits extends ThreadLimits {
  readonly restart: RestartPolicy;
  readonly graceMs: number;
}

/** One run of this worker: its thread, its restarts, what is told of it. */
export class RunHost {
  #run: WantedRun;
  readonly #parts: RunHostParts;
  readonly #limits: RunLimits;
  readonly #budget: RestartBudget;
  readonly #ended = Promise.withResolvers<void>();
  #phase: RunPhase = { t: 'idle' };
  #thread: TaskThread | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Its plan is made, and nothing has to be watched: it runs without a thread. */
  #isDone = false;
  /** For its turn to start a thread. */
  #isWaiting = false;

  constructor(run: WantedRun, limits: RunLimits, parts: RunHostParts) {
    this.#run = run;
    this.#parts = parts;
    this.#limits = limits;
    this.#budget = new RestartBudget(limits.restart);
  }

  get held(): HeldRun {
    const { connector, task, revision, target } = this.#run;
    return { connector, task, revision, target };
  }

  get run(): WantedRun {
    return this.#run;
  }

  start(): void {
    this.#step({ t: 'start' });
  }

  /** Paused or resumed. */
  retarget(run: WantedRun): void {
    this.#run = { ...this.#run, target: run.target };
    if (this.#run.task !== undefined) this.#thread?.order({ t: run.target === 'PAUSED' ? 'pause' : 'resume' });
    else this.#step({ t: run.target === 'PAUSED' ? 'paused' : 'resumed' });
  }

  /** Resolves when nothing of it runs any more: within the grace of its config, and what it takes to end a thread. */
  async end(): Promise<void> {
    clearTimeout(this.#timer);
    this.#step({ t: 'end' });
    await this.#ended.promise;
  }

  #step(event: RunEvent): void {
    const [phase, effects] = step(this.#phase, event, this.#budget);
    this.#phase = phase;
    for (const effect of effects) this.#carryOut(effect);
    if (phase.t === 'ended') this.#ended.resolve();
  }

  #carryOut(effect: RunEffect): void {
    switch (effect.t) {
      case 'spawn':
        this.#spawn();
        return;
      case 'end-thread':
        // One that waits for its turn finds out when that comes.
        if (this.#thread !== undefined) this.#thread.stop(this.#limits.graceMs);
        else if (!this.#isWaiting) queueMicrotask(() => this.#exited(undefined));
        return;
      case 'wait':
        this.#parts.restarted(this.#run);
        this.#timer = setTimeout(() => this.#step({ t: 'restart-due' }), effect.delayMs);
        return;
      case 'tell':
        this.#parts.tell(this.#run, effect.state, effect.trace, false);
        return;
    }
  }

  #spawn(): void {
    this.#isDone = false;
    const run = this.#run;
    // The connector of a sink has nothing to plan; that of a source may have done so elsewhere.
    if (run.task === undefined && (run.kind === 'sink' || run.isPlanned)) {
      this.#isDone = true;
      this.#step({ t: run.target === 'PAUSED' ? 'paused' : 'started' });
      return;
    }
    this.#isWaiting = true;
    void this.#parts.turn(run.task !== undefined).then((leave) => this.#start(leave));
  }

  #start(leave: Leave): void {
    this.#isWaiting = false;
    // It was ended while it waited.
    if (this.#phase.t !== 'starting') {
      leave();
      this.#exited(undefined);
      return;
    }
    try {
      this.#thread = startThread(this.#parts.job(this.#run), this.#limits, {
        message: (message) => {
          leave();
          this.#heard(message);
        },
        exited: (cause) => {
          leave();
          this.#exited(cause);
        },
      });
    } catch (error) {
      leave();
      const cause = error instanceof Error ? error.message : String(error);
      queueMicrotask(() => this.#exited(cause));
    }
  }

  #exited(cause: string | undefined): void {
    this.#thread = undefined;
    // A planner that has planned and watches nothing is done.
    if (this.#isDone && cause === undefined && this.#phase.t !== 'ending') return;
    this.#step({ t: 'exited', cause, nowMs: performance.now(), fraction: Math.random() });
  }

  #heard(message: ThreadMessage): void {
    switch (message.t) {
      case 'started':
      case 'paused':
      case 'resumed':
        this.#step({ t: message.t });
        return;
      case 'planned':
        this.#isDone = !message.watches;
        this.#step({ t: this.#run.target === 'PAUSED' ? 'paused' : 'started' });
        this.#parts.planned(this.#run, message.tasks, message.watches);
        return;
      case 'note':
        this.#note(message.text);
        return;
      case 'finished':
        this.#parts.tell(this.#run, 'RUNNING', undefined, true);
        return;
      case 'beat':
        if (message.samples.length > 0) this.#parts.samples(this.#run, message.samples);
        if (message.topics.length > 0) this.#parts.topics(this.#run, message.topics);
        return;
      case 'log':
        this.#parts.logger[message.level](message.message, { ...message.fields, connector: this.#run.connector, task: this.#run.task });
        return;
      default:
    }
  }

  #note(text: string): void {
    const state = this.#phase.t === 'paused' ? 'PAUSED' : 'RUNNING';
    if (this.#phase.t === 'working' || this.#phase.t === 'paused' || (this.#phase.t === 'starting' && text !== '')) {
      this.#parts.tell(this.#run, this.#phase.t === 'starting' ? 'UNASSIGNED' : state, text === '' ? undefined : text, false);
    }
  }
}
