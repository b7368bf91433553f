import { MoldauError, type Offset } from '@moldau/kernel';
import type { OffsetToCommit } from '@moldau/protocol';
import type { Cluster } from '../cluster/cluster.ts';
import type { ConsumedRecord } from '../consumer/consumed-record.ts';
import type { ConsumerBatch } from '../consumer/consumer-batch.ts';
import { parseStartPosition } from '../consumer/consumer-settings.ts';
import type { PartitionOffset, StartPosition, TopicPartitionName } from '../consumer/consumer-types.ts';
import { offsetToCommit, positionOf } from './commit-plan.ts';
import { fetchCommitted } from './committed-offsets.ts';
import type { GroupPartition } from './group-partition.ts';
import { GroupSession } from './group-session.ts';
import { parseSubscription } from './group-settings.ts';
import type {
  CommittedPosition,
  GroupCloseOptions,
  GroupConsumerOptions,
  GroupIdentity,
  GroupSubscription,
  OffsetCommit,
  PartitionHold,
} from './group-types.ts';
import type { HandedItem } from './handed-out.ts';
import { RecordRunner } from './record-runner.ts';
import type { RecordHandler, RunOptions } from './run-types.ts';

const CLOSE_TIMEOUT_MS = 30_000;

/**
 * Reads the partitions that its group gives it, and commits how far it has come. It joins when it is first asked for records.
 * Iterate it for records, or `batches()` for whole batches. What was handed out is finished when the next is asked for: a
 * program that dies repeats what it had, and skips nothing. Made by `moldau.consumer` with a `group`.
 *
 * @example
 * await using consumer = moldau.consumer({ group: 'billing', topics: ['orders'], valueDeserializer: serdes.json<Order>() });
 * for await (const record of consumer) await bill(record.value);
 */
export class GroupConsumer<K = Uint8Array, V = Uint8Array> implements AsyncIterable<ConsumedRecord<K, V>> {
  readonly #cluster: Cluster;
  readonly #session: GroupSession<K, V>;
  readonly #onClosed: () => void;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort: () => void;
  #closed: Promise<void> | undefined;
  /** It holds nothing any more. */
  #ended = false;
  /** The last run. */
  #run: Promise<void> | undefined;

  /** For `moldau.consumer`. @internal */
  constructor(cluster: Cluster, options: GroupConsumerOptions<K, V>, onClosed: () => void) {
    this.#cluster = cluster;
    this.#session = new GroupSession(cluster, options);
    this.#onClosed = onClosed;
    this.#signal = options.signal;
    this.#onAbort = () => void this.close();
    options.signal?.addEventListener('abort', this.#onAbort, { once: true });
    if (options.signal?.aborted === true) this.#onAbort();
  }

  /** Who it is in its group; another member id when the cluster has ended its membership. */
  groupIdentity(): GroupIdentity {
    return this.#session.membership.identity;
  }

  /** Subscribes to other topics from now on. @throws MoldauError INVALID_CONFIG */
  subscribe(subscription: GroupSubscription): void {
    this.#session.membership.subscribe(parseSubscription(subscription));
  }

  /** Of a stream application: says anew how complete the state is that it has. */
  reportState(): void {
    this.#session.membership.reportState();
  }

  /** What it reads now. */
  assignment(): readonly TopicPartitionName[] {
    return [...this.#session.rebalancer.partitions].filter(({ told }) => told).map(({ topic, partition }) => ({ topic, partition }));
  }

  /** Record by record. */
  [Symbol.asyncIterator](): AsyncIterator<ConsumedRecord<K, V>, undefined> {
    return this.#loop(this.#session.consumer[Symbol.asyncIterator]());
  }

  /** Batch by batch. */
  batches(): AsyncIterableIterator<ConsumerBatch<K, V>, undefined> {
    const iterator: AsyncIterableIterator<ConsumerBatch<K, V>, undefined> = {
      ...this.#loop(this.#session.consumer.batches()),
      [Symbol.asyncIterator]: () => iterator,
    };
    return iterator;
  }

  /**
   * Hands every record to `handler`, several at a time if asked; what is committed never passes one that is not finished.
   * Resolves when the consumer is closed or the run is ended, and nothing is in the handler's hands.
   *
   * @throws MoldauError HANDLER_FAILED; INVALID_CONFIG, CLIENT_CLOSED; what iterating fails with
   */
  async run(handler: RecordHandler<K, V>, options: RunOptions = {}): Promise<void> {
    this.#assertOpen();
    const session = this.#session;
    this.#assertNoRun();
    const runner = new RecordRunner(this.#cluster, session, handler, options);
    const stop = (): void => runner.stop();
    options.signal?.addEventListener('abort', stop, { once: true });
    if (options.signal?.aborted === true) stop();
    const batches = session.consumer.batches();
    session.handed.finishLeft();
    session.worker = runner;
    this.#run = runner.run({ next: () => this.#next(batches) });
    try {
      await this.#run;
    } finally {
      session.worker = undefined;
      options.signal?.removeEventListener('abort', stop);
    }
  }

  /**
   * Commits these offsets; without any, after all that was handed out, also what the program has in hand; of what `run` works on,
   * what it has finished. Resolves when they are as safe as any acknowledged record.
   *
   * @throws MoldauError NOT_PARTITION_OWNER, UNKNOWN_MEMBER, FENCED_MEMBER_EPOCH, OFFSET_OUT_OF_RANGE, UNKNOWN_PARTITION (not
   * assigned), REQUEST_TIMED_OUT, CLIENT_CLOSED
   */
  commit(offsets?: readonly OffsetCommit[]): Promise<void> {
    try {
      // While it closes, `onRevoked` may commit.
      if (this.#ended) this.#assertOpen();
      return this.#session.committer.commit(this.#offsets(offsets));
    } catch (caught) {
      return Promise.reject(MoldauError.from(caught));
    }
  }

  /** The same without waiting: a failure is told to `onCommitFailed`. */
  commitAsync(offsets?: readonly OffsetCommit[]): void {
    this.commit(offsets).catch((caught: unknown) => this.#session.onCommitFailed(MoldauError.from(caught)));
  }

  /** What the group has committed for these partitions, by default those that it reads. @throws MoldauError as `commit` */
  async committed(
    targets?: readonly TopicPartitionName[],
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<readonly CommittedPosition[]> {
    this.#assertOpen();
    const { requestTimeoutMs } = this.#cluster.settings;
    const partitions = await Promise.all(
      (targets ?? this.assignment()).map(async ({ topic, partition }) => {
        const { topicId } = await this.#cluster.metadata.lookUp(topic, requestTimeoutMs, options.signal);
        return { topic, topicId, partition };
      }),
    );
    const { group: groupId } = this.#session.settings;
    return fetchCommitted(this.#cluster, { groupId, partitions, member: undefined, stable: this.#session.stable, signal: options.signal });
  }

  /**
   * Goes on from there; no record from before the seek follows it.
   *
   * @throws MoldauError UNKNOWN_PARTITION when it is not assigned; INVALID_CONFIG
   */
  async seek(target: TopicPartitionName, to: StartPosition): Promise<void> {
    this.#assertOpen();
    parseStartPosition('to', to);
    const held = this.#held(target);
    held.moved();
    const { consumer } = this.#session;
    if (consumer.reads(held)) await consumer.seek(target, to);
    else await consumer.assign([{ ...target, from: to }]);
  }

  /** Gives no records of these partitions until `resume`, or until they are given up. @throws MoldauError UNKNOWN_PARTITION */
  pause(...targets: readonly TopicPartitionName[]): void {
    for (const held of targets.map((target) => this.#held(target))) {
      held.paused = true;
      this.#session.consumer.pause(held);
    }
  }

  /** @throws MoldauError UNKNOWN_PARTITION */
  resume(...targets: readonly TopicPartitionName[]): void {
    for (const held of targets.map((target) => this.#held(target))) {
      held.paused = false;
      for (const unpark of held.parked.splice(0)) unpark();
      if (held.phase === 'reading') this.#session.consumer.resume(held);
    }
  }

  /** Offset of the next record to come; undefined while it is being looked up. @throws MoldauError UNKNOWN_PARTITION */
  position(target: TopicPartitionName): Offset | undefined {
    return positionOf(this.#session.consumer, this.#held(target));
  }

  /**
   * The member's hold on a partition; undefined when it has none. Held again after a break, it is another. With `upTo` only if what is
   * below that offset was handed out in it, or was committed before.
   */
  holdOn(target: TopicPartitionName, upTo?: number): PartitionHold | undefined {
    const held = this.#session.rebalancer.find(target);
    if (held === undefined || upTo === undefined) return held;
    const position = positionOf(this.#session.consumer, held);
    return position === undefined || position < upTo ? undefined : held;
  }

  /** Leader epoch of the record before `offset`, as far as the consumer knows: goes with that offset when it is committed elsewhere. */
  leaderEpochBefore(target: TopicPartitionName, offset: number): number | undefined {
    const held = this.#session.rebalancer.find(target);
    return held !== undefined && this.#session.consumer.reads(held) ? this.#session.consumer.epochBefore(held, offset) : undefined;
  }

  /** Records between the position and the end as the broker last told it; undefined before it did. @throws MoldauError UNKNOWN_PARTITION */
  lag(target: TopicPartitionName): number | undefined {
    const held = this.#held(target);
    return this.#session.consumer.reads(held) ? this.#session.consumer.lag(held) : undefined;
  }

  /** The ends of what it reads, now. @throws MoldauError the first that could not be found */
  endOffsets(options: { readonly signal?: AbortSignal } = {}): Promise<readonly PartitionOffset[]> {
    return this.#session.consumer.endOffsets(options);
  }

  /**
   * Gives up all partitions, with `onRevoked` and the last automatic commit, and leaves the group: others have them at once.
   * What the program has in hand is not committed.
   */
  close(options: GroupCloseOptions = {}): Promise<void> {
    this.#closed ??= this.#close(options);
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close({ timeoutMs = CLOSE_TIMEOUT_MS, returning = false }: GroupCloseOptions): Promise<void> {
    this.#signal?.removeEventListener('abort', this.#onAbort);
    // Whoever closes may do so from within its loop.
    this.#session.handed.leaveAll();
    await this.#session.close(timeoutMs, returning);
    this.#ended = true;
    await this.#run?.catch(() => {});
    this.#onClosed();
  }

  #loop<Thing extends object>(things: AsyncIterator<Thing, undefined>): Pick<Required<AsyncIterator<Thing, undefined>>, 'next' | 'return'> {
    const { handed } = this.#session;
    let item: HandedItem | undefined;
    handed.finishLeft();
    return {
      next: async () => {
        this.#assertNoRun();
        if (item !== undefined) handed.finish(item);
        item = undefined;
        const result = await this.#next(things);
        if (result.done !== true) item = handed.claim(result.value);
        return result;
      },
      return: async () => {
        if (item !== undefined) handed.leave(item);
        return { done: true, value: undefined };
      },
    };
  }

  async #next<Thing>(things: AsyncIterator<Thing, undefined>): Promise<IteratorResult<Thing, undefined>> {
    const session = this.#session;
    for (;;) {
      if (this.#closed !== undefined) return { done: true, value: undefined };
      if (session.failure !== undefined) throw session.failure;
      session.join();
      try {
        return await things.next();
      } catch (caught) {
        const error = MoldauError.from(caught);
        // Its topic was deleted: the group takes it back by itself.
        if (error.reason !== 'UNKNOWN_TOPIC') throw error;
      }
    }
  }

  #offsets(offsets: readonly OffsetCommit[] | undefined): OffsetToCommit[] {
    const session = this.#session;
    if (offsets === undefined) {
      session.handed.finishAll();
      return [...session.rebalancer.partitions].flatMap((held) => {
        const offset = session.finished(held);
        held.committed = offset?.offset ?? held.committed;
        return offset ?? [];
      });
    }
    return offsets.map((wanted) => {
      const held = this.#held(wanted);
      const { leaderEpoch, ...known } = offsetToCommit(session.consumer, held, wanted.offset);
      held.committed = wanted.offset;
      return { ...known, leaderEpoch: wanted.leaderEpoch ?? leaderEpoch, metadata: wanted.metadata ?? '' };
    });
  }

  #held(target: TopicPartitionName): GroupPartition {
    const held = this.#session.rebalancer.find(target);
    if (held?.told === true) return held;
    throw unassigned(target);
  }

  #assertNoRun(): void {
    if (this.#session.worker !== undefined) throw new MoldauError('INVALID_REQUEST', 'a run takes the records of this consumer');
  }

  #assertOpen(): void {
    if (this.#closed !== undefined) throw new MoldauError('CLIENT_CLOSED', 'the consumer is closed');
  }
}

function unassigned({ topic, partition }: TopicPartitionName): MoldauError {
  const facts = { topic, partition: String(partition) };
  return new MoldauError('UNKNOWN_PARTITION', `${topic}-${partition} is not assigned to this member`, facts);
}
