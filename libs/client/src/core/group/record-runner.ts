import { type Clock, MoldauError } from '@moldau/kernel';
import type { Cluster } from '../cluster/cluster.ts';
import { type ConsumedRecord, RecordView } from '../consumer/consumed-record.ts';
import type { ConsumerBatch } from '../consumer/consumer-batch.ts';
import type { CommitFrontier } from './commit-frontier.ts';
import { DeadLetters } from './dead-letters.ts';
import type { GroupPartition } from './group-partition.ts';
import type { BatchWorker, GroupSession } from './group-session.ts';
import { HandlerAttempts } from './handler-attempts.ts';
import { Lanes } from './lanes.ts';
import { RunQueue } from './run-queue.ts';
import { parseRunOptions, type RecordHandler, type RunOptions, type RunSettings } from './run-types.ts';

/** A record that waits for its handler, or is in its hands. */
interface Task<K, V> {
  readonly record: ConsumedRecord<K, V>;
  readonly partition: GroupPartition;
  /** After a seek the partition has another, and this task is nothing any more. */
  readonly frontier: CommitFrontier;
  readonly lane: unknown;
  readonly bytes: number;
  startedMs: number;
}

/**
 * Hands the records of a group consumer to a handler, several at a time: in the order of their partition, or of their key in
 * their partition. What is committed never passes a record that is not finished.
 */
export class RecordRunner<K, V> implements BatchWorker<K, V> {
  readonly #session: GroupSession<K, V>;
  readonly #clock: Clock;
  readonly #settings: RunSettings;
  readonly #attempts: HandlerAttempts<K, V>;
  readonly #deadLetters: DeadLetters<K, V> | undefined;
  readonly #lanes: Lanes<Task<K, V>>;
  readonly #queue: RunQueue;
  readonly #stop = new AbortController();
  /** In the hands of the handler, the oldest first. */
  readonly #running = new Set<Task<K, V>>();
  #failure: MoldauError | undefined;
  #roomMade: (() => void) | undefined;

  /** @throws MoldauError INVALID_CONFIG */
  constructor(cluster: Cluster, session: GroupSession<K, V>, handler: RecordHandler<K, V>, options: RunOptions) {
    this.#session = session;
    this.#clock = cluster.ports.clock;
    this.#settings = parseRunOptions(options);
    const { deadLetterTopic, concurrency } = this.#settings;
    this.#deadLetters = deadLetterTopic === undefined ? undefined : new DeadLetters(cluster, deadLetterTopic);
    this.#attempts = new HandlerAttempts(cluster, session.settings.group, handler, this.#settings, this.#deadLetters);
    this.#lanes = new Lanes(
      concurrency,
      (task) => this.#work(task),
      () => this.#roomMade?.(),
    );
    this.#queue = new RunQueue({
      hold: (partition) => session.consumer.pause(partition),
      release: (partition) => {
        if (partition.phase === 'reading' && !partition.paused) session.consumer.resume(partition);
      },
    });
  }

  get forMs(): number | undefined {
    for (const { startedMs } of this.#running) return this.#clock.monotonicMs() - startedMs;
    return undefined;
  }

  /** Takes no more records; what is in the hands of the handler is finished. */
  stop(): void {
    if (this.#stop.signal.aborted) return;
    this.#stop.abort();
    this.#session.consumer.interrupt();
    this.#roomMade?.();
  }

  /** Every record of the batch is to be worked on. */
  begin(batch: ConsumerBatch<K, V>, partition: GroupPartition): void {
    const { frontier } = partition;
    for (const record of batch) {
      const { key, value } = RecordView.rawOf(record);
      const bytes = (key?.length ?? 0) + (value?.length ?? 0);
      const task = { record, partition, frontier, lane: this.#laneOf(partition, key), bytes, startedMs: 0 };
      frontier.begin(record.offset);
      this.#queue.add(partition, bytes);
      this.#lanes.add(task.lane, task);
    }
  }

  /**
   * Resolves when it is stopped or the batches end, and what was under way is done.
   *
   * @throws MoldauError HANDLER_FAILED; what reading, or writing a dead letter, fails with
   */
  async run(batches: AsyncIterator<ConsumerBatch<K, V>, undefined>): Promise<void> {
    try {
      await this.#feed(batches);
    } catch (caught) {
      this.#failure ??= MoldauError.from(caught);
    }
    this.stop();
    await this.#lanes.drained();
    await this.#deadLetters?.close();
    this.#queue.releaseAll();
    this.#rewind();
    if (this.#failure !== undefined) throw this.#failure;
  }

  async #feed(batches: AsyncIterator<ConsumerBatch<K, V>, undefined>): Promise<void> {
    while (!this.#stop.signal.aborted) {
      if (this.#queue.isFull && !(this.#lanes.hasRoom && this.#queue.holdLargest())) {
        await new Promise<void>((resolve) => (this.#roomMade = resolve));
        continue;
      }
      const { done } = await batches.next();
      if (done === true) return;
      this.#queue.holdWide();
    }
  }

  #laneOf(partition: GroupPartition, key: Uint8Array | null): unknown {
    if (this.#settings.ordering === 'partition') return partition;
    // A lane of its own: it waits for nothing.
    if (key === null) return Symbol('record without a key');
    return `${partition.topicId}:${partition.partition}:${Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1')}`;
  }

  /** Never rejects. */
  async #work(task: Task<K, V>): Promise<void> {
    const { partition, frontier, record } = task;
    if (partition.phase !== 'reading' || partition.frontier !== frontier || this.#stop.signal.aborted) {
      this.#drop(task);
      return;
    }
    if (partition.paused) {
      partition.parked.push(() => this.#lanes.add(task.lane, task));
      return;
    }
    task.startedMs = this.#clock.monotonicMs();
    this.#running.add(task);
    partition.workBegins();
    try {
      const outcome = await this.#attempts.work(record, partition, this.#stop.signal);
      if (outcome === 'finished') frontier.finish(record.offset);
    } catch (caught) {
      this.#failure ??= MoldauError.from(caught);
      this.stop();
    }
    this.#running.delete(task);
    partition.workEnds();
    this.#drop(task);
  }

  #drop({ partition, bytes }: Task<K, V>): void {
    this.#queue.remove(partition, bytes);
  }

  /** What was taken and not finished is read again by whoever comes next. */
  #rewind(): void {
    for (const partition of this.#session.rebalancer.partitions) {
      partition.parked = [];
      const { lowest } = partition.frontier;
      if (lowest === undefined || partition.phase !== 'reading') continue;
      const leaderEpoch = this.#session.finished(partition)?.leaderEpoch;
      partition.moved();
      // An exact offset is taken at once.
      void this.#session.consumer
        .seek(partition, { offset: lowest, ...(leaderEpoch === undefined ? {} : { leaderEpoch }) })
        .catch(() => {});
    }
  }
}
