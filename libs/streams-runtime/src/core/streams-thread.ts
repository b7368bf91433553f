import type { ConsumerBatch, GroupConsumer, TopicPartitionName } from '@moldau/client';
import { MoldauError } from '@moldau/kernel';
import type { TaskPosition } from '@moldau/streams';
import { HostedTask } from './hosted-task.ts';
import { encodeMemberNote } from './member-note.ts';
import { plainWriter, type ResultWriter, TransactionWriter } from './result-writer.ts';
import type { ThreadContext } from './runtime-options.ts';
import { TaskCopies } from './task-copies.ts';
import { taskKey, topicsOfTask } from './task-topics.ts';

/** Records of one task in a row before another has its turn, and before timers and the network have theirs. */
const SLICE_RECORDS = 1_000;
/** Records that wait in a thread, of all tasks; no more are asked for then. Some 10 MB of records of 300 bytes. */
const BUFFERED_RECORDS_MAX = 32_768;
/** Of one partition: more of it is not asked for, so that the others' go on. */
const PARTITION_RECORDS_MAX = 16_384;
const PARTITION_RECORDS_RESUME = 4_096;
/** How often tasks are told the time, ms: idle partitions, punctuators. */
const TICK_MS = 50;
/** Between attempts at what failed for now: restoring, a transaction, ms. */
const RETRY_MS = 200;

/**
 * One member of the application's group, and the tasks of the partitions that it has. One record at a time is worked on, and
 * none during a commit. A commit is of all tasks: results acknowledged, then offsets; or both in one transaction.
 */
export class StreamsThread {
  readonly tasks = new Map<string, HostedTask>();
  readonly copies: TaskCopies;
  readonly #context: ThreadContext;
  readonly #writer: ResultWriter;
  readonly #consumer: GroupConsumer;
  /** Partitions that the member has, as `topic/partition`. */
  readonly #held = new Set<string>();
  #closed = false;
  #buffered = 0;
  #lastCommitMs: number;
  #lastTickMs = 0;
  #dirty = false;
  /** Work and commits, one after the other. */
  #turn: Promise<unknown> = Promise.resolve();
  #wake: () => void = () => {};
  #room: () => void = () => {};
  #running: Promise<unknown> = Promise.resolve();
  #failure: MoldauError | undefined;

  constructor(context: ThreadContext) {
    this.#context = context;
    const { moldau, plan, guarantee, transactionalId, topology } = context;
    const exact = guarantee === 'exactly_once';
    this.#lastCommitMs = context.ports.clock.monotonicMs();
    this.#writer = exact ? new TransactionWriter(moldau.transactionalProducer({ transactionalId })) : plainWriter(moldau.producer());
    const topics = topology.subTopologies.flatMap(({ sources }) => sources.map((ref) => plan.topicName(ref)));
    this.copies = new TaskCopies({
      context,
      runs: (key) => this.tasks.has(key),
      create: (key) => this.#create(key),
      committed: (task) => this.#committed(task),
      report: () => this.#consumer.reportState(),
    });
    this.#consumer = moldau.consumer({
      group: plan.application,
      topics: [...new Set(topics)],
      autoCommit: false,
      onOutOfRange: 'earliest',
      isolation: exact ? 'read_committed' : 'read_uncommitted',
      metadata: encodeMemberNote(context),
      streams: this.copies.membership(),
      onAssigned: (partitions) => this.#assigned(partitions),
      onRevoked: (partitions) => this.#revoked(partitions),
      onLost: (partitions, cause) => this.#lost(partitions, cause),
    });
  }

  /** What ended the thread; undefined while it goes on. */
  get failure(): MoldauError | undefined {
    return this.#failure;
  }

  start(): void {
    const ended = (caught: unknown): void => {
      this.#failure ??= MoldauError.from(caught);
      this.#context.ports.logger.error('a thread of a stream application ended', { error: this.#failure.message });
      this.#wake();
    };
    this.#running = Promise.all([this.#read().catch(ended), this.#work().catch(ended)]);
  }

  /** Commits, leaves the group, and ends. */
  async close(): Promise<void> {
    if (this.#closed) return;
    // Gives up all partitions, each with a last commit.
    await this.#consumer.close();
    this.#closed = true;
    this.#wake();
    this.#room();
    await this.#running;
    this.copies.close();
    for (const task of this.tasks.values()) task.close();
    this.tasks.clear();
    await this.#writer.abort().catch(() => {});
    await this.#writer.close();
  }

  /** Ends as a crash would: nothing is committed, state stays as of the last commit. For tests. */
  async abandon(): Promise<void> {
    this.#closed = true;
    this.#wake();
    this.#room();
    this.copies.close();
    await this.#exclusive(async () => {
      for (const task of this.tasks.values()) task.close();
      this.tasks.clear();
    });
    await Promise.all([this.#consumer.close(), this.#writer.close()]);
    await this.#running;
  }

  lag(topic: string, partition: number): number | undefined {
    return this.#held.has(`${topic}/${partition}`) ? this.#consumer.lag({ topic, partition }) : undefined;
  }

  async #read(): Promise<void> {
    for await (const batch of this.#consumer.batches()) {
      this.#take(batch);
      while (this.#buffered > BUFFERED_RECORDS_MAX && !this.#closed) await new Promise<void>((resolve) => (this.#room = resolve));
    }
  }

  #take(batch: ConsumerBatch): void {
    const target = { topic: batch.topic, partition: batch.partition };
    for (const task of this.tasks.values()) {
      if (task.id.partition !== batch.partition) continue;
      const buffer = task.add(batch);
      if (buffer === undefined) continue;
      this.#buffered += batch.count;
      if (!buffer.paused && buffer.count > PARTITION_RECORDS_MAX) {
        buffer.paused = true;
        this.#consumer.pause(target);
      }
    }
    this.#wake();
  }

  async #work(): Promise<void> {
    const { scheduler, clock, logger } = this.#context.ports;
    while (!this.#closed) {
      try {
        const worked = await this.#exclusive(() => this.#slice());
        this.copies.probe();
        if (clock.monotonicMs() - this.#lastCommitMs >= this.#context.commitIntervalMs) await this.#exclusive(() => this.#commit());
        if (!this.#writer.writable) await this.#writer.drained();
        if (worked > 0) await new Promise<void>((resolve) => scheduler.nextTurn(resolve));
        else await this.#idle();
      } catch (caught) {
        const error = MoldauError.from(caught);
        if (!error.retriable) throw error;
        logger.warn('a thread of a stream application waits', { application: this.#context.plan.application, error: error.message });
        await new Promise<void>((resolve) => scheduler.after(RETRY_MS, resolve));
      }
    }
  }

  async #idle(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = this.#context.ports.scheduler.after(TICK_MS, resolve);
      this.#wake = () => {
        timer.cancel();
        resolve();
      };
    });
    this.#wake = () => {};
  }

  async #slice(): Promise<number> {
    if (this.#closed || ![...this.tasks.values()].some(({ running }) => running !== undefined)) return 0;
    await this.#writer.begin();
    const { clock } = this.#context.ports;
    const tick = clock.monotonicMs() - this.#lastTickMs >= TICK_MS;
    if (tick) this.#lastTickMs = clock.monotonicMs();
    let worked = 0;
    for (const task of [...this.tasks.values()]) {
      try {
        worked += task.work(SLICE_RECORDS);
        if (tick) this.#tick(task, clock.wallMs());
      } catch (caught) {
        await this.#failed(task, MoldauError.from(caught));
      }
      this.#resume(task);
    }
    if (worked > 0) this.#dirty = true;
    this.#countBuffered();
    return worked;
  }

  #tick(task: HostedTask, wallMs: number): void {
    const { running } = task;
    if (running === undefined) return;
    for (const { topic, partition, count } of task.buffers)
      running.setBehind(topic, partition, count > 0 || (this.lag(topic, partition) ?? 0) > 0);
    running.advanceWall(wallMs);
    this.#dirty = true;
  }

  #resume(task: HostedTask): void {
    for (const buffer of task.buffers) {
      if (!buffer.paused || buffer.count > PARTITION_RECORDS_RESUME || task.running === undefined) continue;
      buffer.paused = false;
      if (this.#held.has(`${buffer.topic}/${buffer.partition}`)) this.#consumer.resume(buffer);
    }
  }

  #countBuffered(): void {
    this.#buffered = 0;
    for (const task of this.tasks.values()) this.#buffered += task.buffered;
    if (this.#buffered <= BUFFERED_RECORDS_MAX) this.#room();
  }

  /** Runs alone: no record is worked on meanwhile. */
  #exclusive<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => {});
    return done;
  }

  async #commit(): Promise<void> {
    const { clock, logger } = this.#context.ports;
    this.#lastCommitMs = clock.monotonicMs();
    if (!this.#dirty) return;
    const parts: { readonly task: HostedTask; readonly positions: readonly TaskPosition[] }[] = [];
    for (const task of [...this.tasks.values()]) {
      try {
        await this.#drain(task);
        if (task.running !== undefined) parts.push({ task, positions: task.positions() });
      } catch (caught) {
        await this.#failed(task, MoldauError.from(caught));
        if (this.#context.guarantee === 'exactly_once') return;
      }
    }
    try {
      await this.#writer.flush();
      for (const { task } of parts) await this.#settle(task);
      const going = parts.filter(({ task }) => task.running !== undefined);
      if (this.#context.guarantee === 'exactly_once' && going.length < parts.length) return;
      await this.#writer.commit(
        this.#member(),
        going.flatMap(({ positions }) => positions),
      );
    } catch (caught) {
      const error = MoldauError.from(caught);
      for (const { task } of parts) {
        const refusal = task.refusal();
        if (refusal !== undefined) task.fail(refusal);
      }
      logger.warn('a commit of a stream application failed', { application: this.#context.plan.application, error: error.message });
      await this.#again(error);
      return;
    }
    this.#dirty = false;
    for (const { task, positions } of parts) {
      try {
        task.committed(positions);
      } catch (caught) {
        task.fail(MoldauError.from(caught));
      }
    }
  }

  async #settle(task: HostedTask): Promise<void> {
    try {
      task.settleRefused();
    } catch (caught) {
      await this.#failed(task, MoldauError.from(caught));
    }
  }

  #member(): Parameters<ResultWriter['commit']>[0] {
    const consumer = this.#consumer;
    return { groupIdentity: () => consumer.groupIdentity(), commit: (offsets) => consumer.commit(offsets) };
  }

  /** A task whose operators wait for answers has none under way at a commit. */
  async #drain(task: HostedTask): Promise<void> {
    const { running } = task;
    if (running === undefined || !(running.drainsBeforeCommit || this.#context.guarantee === 'exactly_once')) return;
    while (running.pending > 0) {
      await running.settled();
      running.drain();
    }
  }

  /** A task stops; under exactly_once what it did since the last commit is in the others' transaction, so that begins again. */
  async #failed(task: HostedTask, error: MoldauError): Promise<void> {
    const { ports, plan, guarantee } = this.#context;
    ports.logger.error('a task of a stream application stopped', {
      application: plan.application,
      task: `${task.id.subTopology}_${task.id.partition}`,
      error: error.message,
    });
    task.fail(error);
    if (guarantee === 'exactly_once') await this.#again(error);
  }

  /** From the last commit: transaction, state and positions of all tasks. */
  async #again(error: MoldauError): Promise<void> {
    if (this.#context.guarantee === 'at_least_once' && error.retriable) return;
    await this.#writer.abort();
    this.#dirty = false;
    for (const task of this.tasks.values()) {
      if (task.phase.t !== 'running') continue;
      for (const buffer of task.buffers) buffer.clear();
      this.#consumer.pause(...task.buffers);
      task.suspend();
      void this.#restore(task, true);
    }
  }

  async #assigned(partitions: readonly TopicPartitionName[]): Promise<void> {
    this.#consumer.pause(...partitions);
    for (const { topic, partition } of partitions) this.#held.add(`${topic}/${partition}`);
    for (const part of this.#context.plan.parts) {
      for (let partition = 0; partition < part.tasks; partition++) {
        const key = taskKey({ subTopology: part.subTopology.index, partition });
        const topics = topicsOfTask(this.#context, part, partition);
        if (this.tasks.has(key) || !topics.every((topic) => this.#held.has(`${topic}/${partition}`))) continue;
        // A copy that it has followed goes on from where it is.
        const task = this.copies.take(key) ?? this.#create(key);
        if (task === undefined) continue;
        this.tasks.set(key, task);
        void this.#restore(task, false);
      }
    }
  }

  #create(key: string): HostedTask | undefined {
    const [index = -1, partition = -1] = key.split('_').map(Number);
    const part = this.#context.plan.parts.find(({ subTopology }) => subTopology.index === index);
    if (part === undefined || !(partition >= 0 && partition < part.tasks)) return undefined;
    const topics = topicsOfTask(this.#context, part, partition);
    const id = { subTopology: index, partition };
    return new HostedTask({ context: this.#context, writer: this.#writer, id, subTopology: part.subTopology, topics });
  }

  async #committed({ buffers }: HostedTask): Promise<readonly TaskPosition[]> {
    const found = await this.#consumer.committed(buffers);
    return found.map(({ topic, partition, offset, metadata }) => ({ topic, partition, offset: offset ?? 0, metadata }));
  }

  /** Never rejects. Tries until the task runs, has failed for good, or goes. */
  async #restore(task: HostedTask, seek: boolean): Promise<void> {
    const { scheduler } = this.#context.ports;
    for (;;) {
      try {
        const found = await this.#consumer.committed(task.buffers);
        if (seek) {
          for (const { topic, partition, offset } of found)
            await this.#consumer.seek({ topic, partition }, offset === undefined ? 'earliest' : { offset });
        }
        if (this.#gone(task)) return;
        await task.restore(found.map(({ topic, partition, offset, metadata }) => ({ topic, partition, offset: offset ?? 0, metadata })));
        for (const buffer of task.buffers) buffer.paused = false;
        this.#consumer.resume(...task.buffers);
        this.#wake();
        return;
      } catch (caught) {
        if (this.#gone(task)) return;
        const error = MoldauError.from(caught);
        if (!error.retriable) {
          task.fail(error);
          return;
        }
        this.#context.ports.logger.warn('a task can not be restored yet', { error: error.message });
      }
      await new Promise<void>((resolve) => scheduler.after(RETRY_MS, resolve));
      if (this.#gone(task)) return;
    }
  }

  #gone(task: HostedTask): boolean {
    return this.#closed || this.tasks.get(taskKey(task.id)) !== task;
  }

  async #revoked(partitions: readonly TopicPartitionName[]): Promise<void> {
    await this.#exclusive(async () => {
      await this.#commit();
      this.#drop(partitions);
    });
  }

  async #lost(partitions: readonly TopicPartitionName[], cause: MoldauError): Promise<void> {
    await this.#exclusive(async () => {
      this.#drop(partitions);
      // What the lost tasks did is in the transaction of those that stay.
      if (this.#context.guarantee === 'exactly_once') await this.#again(cause);
    });
  }

  #drop(partitions: readonly TopicPartitionName[]): void {
    for (const { topic, partition } of partitions) this.#held.delete(`${topic}/${partition}`);
    for (const [key, task] of this.tasks) {
      if (!task.buffers.some(({ topic, partition }) => partitions.some((each) => each.topic === topic && each.partition === partition)))
        continue;
      task.close();
      this.tasks.delete(key);
    }
    this.copies.reconcile();
    this.#countBuffered();
  }
}
