import type { ConsumerBatch } from '@moldau/client';
import { MoldauError } from '@moldau/kernel';
import { StreamTask, type SubTopology, type TaskId, type TaskPosition, type TaskState, type TaskStats } from '@moldau/streams';
import { PartitionBuffer } from './partition-buffer.ts';
import { type RestoreOptions, restoreStores } from './restore-stores.ts';
import type { ResultWriter } from './result-writer.ts';
import type { ThreadContext } from './runtime-options.ts';
import { StoreFollower } from './store-follower.ts';
import type { TaskPhase } from './task-phase.ts';

export interface HostedTaskOptions {
  readonly context: ThreadContext;
  readonly writer: ResultWriter;
  readonly id: TaskId;
  readonly subTopology: SubTopology;
  /** Full names of its input topics that have this partition. */
  readonly topics: readonly string[];
}

/** A task in its thread: what was read for it, its state, and what it has sent since the last commit. */
export class HostedTask {
  readonly id: TaskId;
  readonly buffers: readonly PartitionBuffer[];
  /** Records read back from changelogs, in all. */
  restoredRecords = 0;
  #phase: TaskPhase = { t: 'waiting' };
  readonly #options: HostedTaskOptions;
  readonly #byTopic: ReadonlyMap<string, PartitionBuffer>;
  #state: TaskState | undefined;
  #task: StreamTask | undefined;
  #abort = new AbortController();
  #follower: { readonly follower: StoreFollower; readonly abort: AbortController; readonly done: Promise<void> } | undefined;
  #stats: TaskStats | undefined;
  /** By store: offset of the changelog record that comes next. */
  #logged = new Map<string, number>();
  /** What could not be written since the last look. */
  #refused: { readonly store: boolean; readonly topic: string; readonly error: MoldauError }[] = [];
  #committed = new Map<string, TaskPosition>();

  constructor(options: HostedTaskOptions) {
    this.id = options.id;
    this.#options = options;
    this.buffers = options.topics.map((topic) => new PartitionBuffer(topic, options.id.partition));
    this.#byTopic = new Map(this.buffers.map((buffer) => [buffer.topic, buffer]));
  }

  get phase(): TaskPhase {
    return this.#phase;
  }

  get running(): StreamTask | undefined {
    return this.#phase.t === 'running' ? this.#phase.task : undefined;
  }

  /** Changelog records that its copy lacks while it follows; undefined while that is not known. */
  get lag(): number | undefined {
    return this.#follower?.follower.lag;
  }

  /** Its stores while it follows. */
  get copy(): StreamTask | undefined {
    return this.#phase.t === 'following' ? this.#task : undefined;
  }

  get stats(): TaskStats | undefined {
    return this.#stats;
  }

  /** Records that wait for it. */
  get buffered(): number {
    let count = 0;
    for (const buffer of this.buffers) count += buffer.count;
    return count;
  }

  add(batch: ConsumerBatch): PartitionBuffer | undefined {
    const buffer = this.#byTopic.get(batch.topic);
    // Whatever comes for a task that does not run was read from before a seek.
    if (buffer === undefined || this.#phase.t !== 'running') return undefined;
    buffer.add(batch);
    return buffer;
  }

  /**
   * Opens its state, reads its changelogs and starts it from these positions. @throws MoldauError what restoring fails with;
   * those that are retriable may be tried again
   */
  async restore(committed: readonly TaskPosition[]): Promise<void> {
    const kept = this.#stopFollowing();
    if (kept === undefined) this.#drop();
    this.#phase = { t: 'restoring' };
    const abort = new AbortController();
    this.#abort = abort;
    try {
      await kept;
      abort.signal.throwIfAborted();
      const { task, state } = this.#opened() ?? this.#open();
      await restoreStores({ ...this.#reading(task, state, abort.signal), committed });
      abort.signal.throwIfAborted();
      this.#committed = new Map(committed.map((position) => [position.topic, position]));
      task.start(committed);
      this.#phase = { t: 'running', task };
    } catch (caught) {
      if (!abort.signal.aborted) this.#drop();
      throw caught;
    }
  }

  /**
   * Opens its state and keeps it up to date with what its owner does, until it is restored, closed or fails.
   *
   * @throws MoldauError what following fails with: it may be tried again
   */
  async follow(committed: () => Promise<readonly TaskPosition[]>): Promise<void> {
    this.#drop();
    this.#phase = { t: 'following' };
    const { task, state } = this.#open();
    const abort = new AbortController();
    const follower = new StoreFollower({ ...this.#reading(task, state, abort.signal), committed });
    const done = follower.run();
    this.#follower = { follower, abort, done: done.catch(() => {}) };
    try {
      await done;
    } catch (caught) {
      if (!abort.signal.aborted) throw caught;
    }
  }

  /** Works on up to `limit` records, in the order of their times. Answers how many. @throws MoldauError what stops the task */
  work(limit: number): number {
    const task = this.running;
    if (task === undefined) return 0;
    task.drain();
    let done = 0;
    while (done < limit && !task.full) {
      const next = this.#earliest();
      const record = next?.head();
      if (next === undefined || record === undefined) break;
      task.process(record);
      next.take();
      done++;
    }
    return done;
  }

  /** What to commit: positions that have moved since the last commit. @throws MoldauError what stops the task */
  positions(): readonly TaskPosition[] {
    const positions = this.running?.commit() ?? [];
    return positions.filter(({ topic, offset, metadata }) => {
      const before = this.#committed.get(topic);
      return offset !== before?.offset || (offset > 0 && metadata !== before.metadata);
    });
  }

  /** What could not be written is the program's to decide on; of changelogs it is the end. @throws MoldauError what stops the task */
  settleRefused(): void {
    const refused = this.#refused;
    this.#refused = [];
    for (const { store, topic, error } of refused) {
      if (store) throw error;
      this.running?.productionFailed(topic, error);
    }
  }

  /** These positions are committed: so is the state that belongs to them. @throws MoldauError STATE_STORE_FAILED */
  committed(positions: readonly TaskPosition[]): void {
    for (const position of positions) this.#committed.set(position.topic, position);
    if (this.running !== undefined) this.#state?.persist(this.#logged);
  }

  /** Why its results can't be written, other than that the transaction was given up; undefined when that is not known. */
  refusal(): MoldauError | undefined {
    return this.#refused.find(({ error }) => !error.retriable && error.reason !== 'TRANSACTION_ABORTED')?.error;
  }

  /** Lets go of what was not committed; to be restored. */
  suspend(): void {
    this.#drop();
    for (const buffer of this.buffers) buffer.clear();
    this.#phase = { t: 'restoring' };
  }

  fail(error: MoldauError): void {
    this.#drop();
    for (const buffer of this.buffers) buffer.clear();
    this.#phase = { t: 'failed', error };
  }

  /** Nothing of it runs any more; what was not committed is given up. */
  close(): void {
    this.#drop();
    for (const buffer of this.buffers) buffer.clear();
    this.#phase = { t: 'closed' };
  }

  /** Its state and copy stay as they are; resolves when nothing touches them any more. Undefined: it does not follow. */
  #stopFollowing(): Promise<void> | undefined {
    const following = this.#follower;
    this.#follower = undefined;
    following?.abort.abort(new MoldauError('CANCELLED', 'the task is not followed any more'));
    return following?.done;
  }

  #opened(): { readonly task: StreamTask; readonly state: TaskState } | undefined {
    return this.#task === undefined || this.#state === undefined ? undefined : { task: this.#task, state: this.#state };
  }

  #open(): { readonly task: StreamTask; readonly state: TaskState } {
    const state = this.#options.context.ports.states(this.id);
    this.#state = state;
    this.#logged = new Map();
    const task = this.#createTask(state);
    this.#task = task;
    this.#stats = task.stats;
    return { task, state };
  }

  #reading(task: StreamTask, state: TaskState, signal: AbortSignal): Omit<RestoreOptions, 'committed'> {
    const { context, id, subTopology } = this.#options;
    const { moldau, plan, ports } = context;
    const isolation = context.guarantee === 'exactly_once' ? 'read_committed' : 'read_uncommitted';
    const restored = (records: number): void => void (this.restoredRecords += records);
    const { scheduler } = ports;
    return {
      moldau,
      scheduler,
      plan,
      subTopology,
      partition: id.partition,
      task,
      state,
      positions: this.#logged,
      isolation,
      signal,
      restored,
    };
  }

  /** What it has copied is kept: whoever opens the state goes on from there. */
  #keepCopy(): void {
    if (this.#follower === undefined) return;
    void this.#stopFollowing();
    try {
      this.#state?.persist(this.#logged);
    } catch (caught) {
      this.#options.context.ports.logger.warn('a copy of state is not kept', { error: MoldauError.from(caught).message });
    }
  }

  #drop(): void {
    this.#keepCopy();
    this.#abort.abort(new MoldauError('CANCELLED', 'the task is not restored any more'));
    this.#task?.close();
    this.#task = undefined;
    this.#refused = [];
    this.#state?.close();
    this.#state = undefined;
  }

  #earliest(): PartitionBuffer | undefined {
    const [only, second] = this.buffers;
    if (second === undefined) return only;
    let best: PartitionBuffer | undefined;
    let bestMs = Number.POSITIVE_INFINITY;
    for (const buffer of this.buffers) {
      const head = buffer.head();
      if (head === undefined || head.timestampMs >= bestMs) continue;
      best = buffer;
      bestMs = head.timestampMs;
    }
    return best;
  }

  #createTask(state: TaskState): StreamTask {
    const { context, writer, id, subTopology } = this.#options;
    const { plan, partitions, globals, settings, ports } = context;
    const { partition } = id;
    return new StreamTask({
      id,
      application: plan.application,
      subTopology,
      topicName: plan.topicName,
      stores: state.stores,
      changelog: {
        append: (store, key, value, timestampMs) => {
          const topic = plan.changelogName(store);
          writer.send({ topic, partition, key, value, timestampMs, headers: [] }).then(
            ({ offset }) => {
              if (offset !== undefined && this.#state === state) this.#logged.set(store, offset + 1);
            },
            (caught: unknown) => void this.#refused.push({ store: true, topic, error: MoldauError.from(caught) }),
          );
        },
      },
      output: {
        send: (record) => {
          writer
            .send(record)
            .catch((caught: unknown) => this.#refused.push({ store: false, topic: record.topic, error: MoldauError.from(caught) }));
        },
        partitionCount: (topic) => partitions.get(topic),
      },
      globals: globals.tables,
      settings,
      wallMs: ports.clock.wallMs(),
    });
  }
}
