import type { OperatorFactory } from '../graph/operator.ts';
import type { RecordContext } from '../record/record-context.ts';
import type { AsyncStage } from '../task/async-stage.ts';
import type { TaskServices } from '../task/task-services.ts';

/** Calls of one operator of one task that are under way. */
export const ASYNC_CONCURRENCY = 16;
/** A call that takes longer has failed. */
export const ASYNC_TIMEOUT_MS = 30_000;

/** What a call learns of its record, and when to give up. */
export interface AsyncContext extends RecordContext {
  /** Aborted when the call has taken too long or the task closes. */
  readonly signal: AbortSignal;
}

export type AsyncMapper<K, V, R> = (value: V, key: K, context: AsyncContext) => Promise<R>;

export interface AsyncSettings {
  readonly concurrency: number;
  readonly timeoutMs: number;
}

type Outcome<R> =
  | { readonly state: 'running' }
  | { readonly state: 'done'; readonly value: R }
  | { readonly state: 'failed'; readonly error: unknown };

interface Call<K, V, R> {
  readonly key: K;
  readonly value: V;
  readonly timestampMs: number;
  readonly context: AsyncContext;
  readonly abort: AbortController;
  /** Undefined until it is started: at most `concurrency` are. */
  deadlineMs: number | undefined;
  outcome: Outcome<R>;
}

interface AsyncMapOptions<K, V, R> extends AsyncSettings {
  readonly name: string;
  readonly task: TaskServices;
  readonly run: AsyncMapper<K, V, R>;
  forward(key: K, value: R, timestampMs: number): void;
}

/**
 * Calls a function that takes its time, for several records at once; results go on in the order of the records. One record
 * may ask for more calls than run at once (after a flatMap): the others wait, and the task takes no record until they have begun.
 */
class AsyncMap<K, V, R> implements AsyncStage {
  readonly #queue: Call<K, V, R>[] = [];
  readonly #options: AsyncMapOptions<K, V, R>;
  #running = 0;
  #waiters: (() => void)[] = [];
  #closed = false;

  constructor(options: AsyncMapOptions<K, V, R>) {
    this.#options = options;
  }

  get full(): boolean {
    return this.#queue.length >= this.#options.concurrency;
  }

  get pending(): number {
    return this.#queue.length;
  }

  take(key: K, value: V, timestampMs: number): void {
    const { topic, partition, offset, headers } = this.#options.task.record;
    const abort = new AbortController();
    const context = { topic, partition, offset, timestampMs, headers, signal: abort.signal };
    this.#queue.push({ key, value, timestampMs, context, abort, deadlineMs: undefined, outcome: { state: 'running' } });
    this.#startCalls();
  }

  drain(): boolean {
    let drained = false;
    for (let head = this.#queue[0]; head !== undefined && head.outcome.state !== 'running'; head = this.#queue[0]) {
      const { key, value, timestampMs, outcome } = head;
      this.#queue.shift();
      drained = true;
      if (outcome.state === 'done') this.#options.forward(key, outcome.value, timestampMs);
      else this.#options.task.failed(this.#options.name, outcome.error, { key, value, timestampMs });
    }
    this.#startCalls();
    return drained;
  }

  settled(): Promise<void> {
    if (this.#queue[0] === undefined || this.#queue[0].outcome.state !== 'running') return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  advanceWall(wallMs: number): void {
    for (const call of this.#queue) {
      if (call.deadlineMs === undefined || call.deadlineMs > wallMs || call.outcome.state !== 'running') continue;
      const error = new Error(`no answer within ${this.#options.timeoutMs} ms`);
      this.#settle(call, { state: 'failed', error });
      call.abort.abort(error);
    }
  }

  unfinished(topic: string, partition: number): number | undefined {
    const offsets = this.#queue.flatMap(({ context }) =>
      context.topic === topic && context.partition === partition ? context.offset : [],
    );
    return offsets.length === 0 ? undefined : Math.min(...offsets);
  }

  close(): void {
    this.#closed = true;
    for (const call of this.#queue) call.abort.abort(new Error('the task was closed'));
    this.#queue.length = 0;
  }

  #startCalls(): void {
    for (const call of this.#queue) {
      if (this.#running >= this.#options.concurrency) return;
      if (call.deadlineMs === undefined) this.#start(call);
    }
  }

  #start(call: Call<K, V, R>): void {
    call.deadlineMs = this.#options.task.wallMs + this.#options.timeoutMs;
    this.#running++;
    // A function that throws at once has failed like one that rejects.
    const answer = (async () => this.#options.run(call.value, call.key, call.context))();
    answer.then(
      (value) => this.#settle(call, { state: 'done', value }),
      (error: unknown) => this.#settle(call, { state: 'failed', error }),
    );
  }

  #settle(call: Call<K, V, R>, outcome: Outcome<R>): void {
    // What comes after the deadline, or after the end, counts no more.
    if (call.outcome.state !== 'running' || this.#closed) return;
    call.outcome = outcome;
    this.#running--;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const resolve of waiters) resolve();
  }
}

export function asyncMapOperator<K, V, R>(run: AsyncMapper<K, V, R>, settings: AsyncSettings): OperatorFactory<K, V, K, R> {
  return ({ forward, task, name }) => {
    const stage = new AsyncMap<K, V, R>({
      ...settings,
      name,
      task,
      run,
      forward: (key, value, timestampMs) => forward(key, value, null, timestampMs),
    });
    task.registerAsync(stage);
    return (key, value, _old, timestampMs) => stage.take(key, value, timestampMs);
  };
}
