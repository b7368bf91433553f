import type { StreamsMembership, StreamsTaskName } from '@moldau/client';
import { MoldauError } from '@moldau/kernel';
import type { TaskPosition } from '@moldau/streams';
import type { HostedTask } from './hosted-task.ts';
import type { ThreadContext } from './runtime-options.ts';
import { taskKey } from './task-topics.ts';

/** Between attempts to follow, ms. */
const RETRY_MS = 200;
const PROBING_MS = 2_000;
const ACCEPTABLE_LAG = 10_000;

export interface TaskCopiesOptions {
  readonly context: ThreadContext;
  /** Whether the thread runs the task itself. */
  runs(key: string): boolean;
  /** Undefined: the topology has no such task. */
  create(key: string): HostedTask | undefined;
  committed(task: HostedTask): Promise<readonly TaskPosition[]>;
  /** The group is to hear of `membership().lags()` again. */
  report(): void;
}

/** Tasks that a thread follows: as standbys, to be warmed up, or until it has what it is to run. The group says which. */
export class TaskCopies {
  readonly tasks = new Map<string, HostedTask>();
  readonly #options: TaskCopiesOptions;
  #wanted: ReadonlySet<string> = new Set();
  /** State of earlier runs, until the group has decided what to do with it. */
  #left: ReadonlyMap<string, number>;
  #reported = '';
  #probedMs: number;
  #closed = false;

  constructor(options: TaskCopiesOptions) {
    this.#options = options;
    this.#left = options.context.leftLags;
    this.#probedMs = options.context.ports.clock.monotonicMs();
  }

  /** What the thread says of itself as a member. */
  membership(): StreamsMembership {
    const { plan, processId } = this.#options.context;
    return {
      processId,
      parts: plan.parts.map(({ subTopology }) => ({
        topics: subTopology.sources.map((ref) => plan.topicName(ref)),
        stateful: subTopology.stores.some(({ log }) => log.kind !== 'none'),
      })),
      lags: () => this.#lags(),
      onFollowing: (tasks) => this.#follow(tasks),
    };
  }

  /** Gives a copy away, to be run. */
  take(key: string): HostedTask | undefined {
    const task = this.tasks.get(key);
    this.tasks.delete(key);
    return task;
  }

  /** Begins to follow what is to be followed and neither followed nor run yet, and ends the rest. */
  reconcile(): void {
    if (this.#closed) return;
    for (const [key, task] of this.tasks) {
      if (this.#wanted.has(key)) continue;
      this.tasks.delete(key);
      task.close();
    }
    for (const key of this.#wanted) {
      if (this.tasks.has(key) || this.#options.runs(key)) continue;
      const task = this.#options.create(key);
      if (task === undefined) continue;
      this.tasks.set(key, task);
      void this.#keep(key, task);
    }
  }

  /** Reports when copies have become complete enough, or are not any more: that is what the group decides by. */
  probe(): void {
    const { ports, settings } = this.#options.context;
    const nowMs = ports.clock.monotonicMs();
    if (nowMs - this.#probedMs < (settings.probingIntervalMs ?? PROBING_MS)) return;
    this.#probedMs = nowMs;
    if (this.#summary() !== this.#reported) this.#options.report();
  }

  close(): void {
    this.#closed = true;
    for (const task of this.tasks.values()) task.close();
    this.tasks.clear();
  }

  #follow(tasks: readonly StreamsTaskName[]): void {
    this.#wanted = new Set(tasks.map(({ part, partition }) => taskKey({ subTopology: part, partition })));
    this.reconcile();
  }

  /** Never rejects. */
  async #keep(key: string, task: HostedTask): Promise<void> {
    const { scheduler, logger } = this.#options.context.ports;
    while (!this.#closed && this.tasks.get(key) === task) {
      try {
        await task.follow(() => this.#options.committed(task));
        return;
      } catch (caught) {
        logger.warn('the state of a task is not followed for now', { task: key, error: MoldauError.from(caught).message });
      }
      await new Promise<void>((resolve) => scheduler.after(RETRY_MS, resolve));
    }
  }

  #lags(): readonly (StreamsTaskName & { readonly records: number })[] {
    this.#reported = this.#summary();
    const lags = new Map(this.#left);
    for (const [key, { lag }] of this.tasks) if (lag !== undefined) lags.set(key, lag);
    // Told once: what is not followed grows old.
    this.#left = new Map();
    return [...lags].map(([key, records]) => {
      const [part = 0, partition = 0] = key.split('_').map(Number);
      return { part, partition, records };
    });
  }

  /** By task whether its copy is complete enough, and by powers of ten how far it is from it. */
  #summary(): string {
    const acceptable = this.#options.context.settings.acceptableRecoveryLag ?? ACCEPTABLE_LAG;
    const classOf = (lag: number): number => (lag <= acceptable ? 0 : Math.ceil(Math.log10(lag)));
    const known = [...this.tasks].flatMap(([key, { lag }]) => (lag === undefined ? [] : [`${key}:${classOf(lag)}`]));
    return [...known.sort(), ...[...this.#left.keys()].map((key) => `${key}?`)].join();
  }
}
