import type { RetriableError } from '../contract/connector-errors.ts';
import type { SourceBatch, SourceDefinition, SourceTask } from '../contract/source.ts';
import type { BatchLimits } from '../contract/task-context.ts';
import type { SourceRecord } from '../data/data-record.ts';
import type { JsonObject } from '../data/json-value.ts';
import { canonicalJson } from './canonical-json.ts';
import { type KitOptions, KitSurroundings, parseSettings } from './kit-surroundings.ts';
import { retryWhile } from './retry-while.ts';

export interface SourceKitOptions extends KitOptions {
  /** `tasks.max`. Default 1. */
  readonly maxTasks?: number;
  /** Default: 500 records, 1 MiB. */
  readonly limits?: BatchLimits;
}

/**
 * Where a crash strikes. `before-write`: the batch is lost. `before-positions`: records are written, positions not: an
 * at-least-once worker repeats them. `before-written`: all is stored, but the task never hears of it.
 */
export type SourceCrash = 'before-write' | 'before-positions' | 'before-written';

const DEFAULT_LIMITS: BatchLimits = { maxRecords: 500, maxBytes: 1_048_576 };
/** How long `pollUntil` waits by default, and between polls that gave nothing, in milliseconds. */
const WAIT_MAX_MS = 5000;
const IDLE_WAIT_MS = 5;

interface RunningTask {
  readonly task: SourceTask;
  finished: boolean;
}

/** Runs a source without a broker: plans it, polls its tasks, stores positions, restarts and crashes it. */
export class SourceKit<C> {
  /** Every record that was written, in order. After `before-positions` crashes a source may repeat some. */
  readonly records: SourceRecord[] = [];
  /** Stored positions, by the canonical JSON of their partition. */
  readonly positions = new Map<string, JsonObject>();
  /** Errors that were waited for. */
  readonly retried: RetriableError[] = [];
  readonly surroundings: KitSurroundings;
  readonly #definition: SourceDefinition<C>;
  readonly #config: C;
  readonly #options: SourceKitOptions;
  #tasks: RunningTask[] = [];
  #abort = new AbortController();
  #planAgain = false;

  private constructor(definition: SourceDefinition<C>, config: C, options: SourceKitOptions) {
    this.#definition = definition;
    this.#config = config;
    this.#options = options;
    this.surroundings = new KitSurroundings(options);
  }

  /** Parses the settings, plans, starts. @throws Error with every field's error, or what the connector throws */
  static async open<C>(definition: SourceDefinition<C>, settings: JsonObject, options: SourceKitOptions = {}): Promise<SourceKit<C>> {
    const kit = new SourceKit(definition, parseSettings(definition.config, settings), options);
    await kit.#start();
    return kit;
  }

  /** Number of tasks that the plan made. */
  get taskCount(): number {
    return this.#tasks.length;
  }

  /** Whether every task has said that there will never be more. */
  get finished(): boolean {
    return this.#tasks.length > 0 && this.#tasks.every(({ finished }) => finished);
  }

  /** Polls each task once, and stores what it gives. The number of records. Plans again first if the connector asked for it. */
  async poll(): Promise<number> {
    if (this.#planAgain) await this.restart();
    let count = 0;
    for (const running of this.#tasks) {
      const batch = await this.#next(running);
      if (batch === undefined) continue;
      count += batch.records.length;
      this.#write(batch);
      this.#store(batch);
      await running.task.written?.(batch);
    }
    return count;
  }

  /** Polls until there are so many records in all, or until the condition holds. @throws Error after `timeoutMs` (default 5 s) */
  async pollUntil(enough: number | (() => boolean), timeoutMs = WAIT_MAX_MS): Promise<readonly SourceRecord[]> {
    const isEnough = typeof enough === 'number' ? () => this.records.length >= enough : enough;
    const deadline = this.surroundings.clock.monotonicMs() + timeoutMs;
    while (!isEnough()) {
      if (this.surroundings.clock.monotonicMs() > deadline) throw new Error(`${this.records.length} records after ${timeoutMs} ms`);
      if ((await this.poll()) === 0) await this.surroundings.wait(IDLE_WAIT_MS);
    }
    return this.records;
  }

  /** Polls until every task gives nothing, or has finished. */
  async drain(): Promise<readonly SourceRecord[]> {
    while ((await this.poll()) > 0);
    return this.records;
  }

  /** Closes the tasks and starts new ones from the stored positions, with a new plan. */
  async restart(): Promise<void> {
    await this.close();
    await this.#start();
  }

  /** Polls each task once, dies at that point, and starts again from the stored positions. */
  async crash(where: SourceCrash): Promise<void> {
    for (const running of this.#tasks) {
      const batch = await this.#next(running);
      if (batch === undefined || where === 'before-write') continue;
      this.#write(batch);
      if (where === 'before-written') this.#store(batch);
    }
    await this.restart();
  }

  /** The stored position of a part of the source. */
  position(partition: JsonObject): JsonObject | undefined {
    return this.positions.get(canonicalJson(partition));
  }

  /** Aborts and closes every task; idempotent. */
  async close(): Promise<void> {
    this.#abort.abort();
    const tasks = this.#tasks;
    this.#tasks = [];
    for (const { task } of tasks) await task.close();
  }

  async #start(): Promise<void> {
    this.#abort = new AbortController();
    this.#planAgain = false;
    const { signal } = this.#abort;
    const { connector, clock, scheduler, logger } = this.surroundings;
    const maxTasks = this.#options.maxTasks ?? 1;
    const planContext = { connector, clock, scheduler, logger, signal, signalChange: () => void (this.#planAgain = true) };
    const plan = await this.#retry(() => this.#definition.plan(this.#config, maxTasks, planContext));
    if (plan.length > maxTasks) throw new Error(`a plan of ${plan.length} tasks; tasks.max is ${maxTasks}`);
    for (const [index, settings] of plan.entries()) {
      const context = {
        ...this.surroundings.taskContext(index, signal),
        limits: this.#options.limits ?? DEFAULT_LIMITS,
        storedOffset: (partition: JsonObject) => Promise.resolve(this.position(partition)),
      };
      // Settings travel between workers as JSON.
      const received = JSON.parse(JSON.stringify(settings)) as JsonObject;
      const task = await this.#retry(() => this.#definition.start(this.#config, received, context));
      this.#tasks.push({ task, finished: false });
    }
  }

  async #next(running: RunningTask): Promise<SourceBatch | undefined> {
    if (running.finished) return undefined;
    const batch = await this.#retry(() => running.task.poll(this.#abort.signal));
    if (batch === 'finished') running.finished = true;
    return batch === 'finished' ? undefined : batch;
  }

  #write({ records }: SourceBatch): void {
    const { maxRecords } = this.#options.limits ?? DEFAULT_LIMITS;
    if (records.length > maxRecords) throw new Error(`a batch of ${records.length} records; the limit is ${maxRecords}`);
    this.records.push(...records);
  }

  #store({ positions }: SourceBatch): void {
    for (const { partition, offset } of positions) {
      const key = canonicalJson(partition);
      if (offset === null) this.positions.delete(key);
      else this.positions.set(key, JSON.parse(JSON.stringify(offset)) as JsonObject);
    }
  }

  #retry<T>(call: () => Promise<T>): Promise<T> {
    return retryWhile(
      call,
      (ms) => this.surroundings.wait(ms),
      (error) => void this.retried.push(error),
    );
  }
}
