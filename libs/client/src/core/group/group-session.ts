import { assert, MoldauError } from '@moldau/kernel';
import type { OffsetToCommit } from '@moldau/protocol';
import type { Cluster } from '../cluster/cluster.ts';
import { Consumer } from '../consumer/consumer.ts';
import type { ConsumerBatch } from '../consumer/consumer-batch.ts';
import { AutoCommit } from './auto-commit.ts';
import { finishedOffset, offsetToCommit } from './commit-plan.ts';
import type { GroupPartition } from './group-partition.ts';
import { type GroupSettings, parseGroupOptions } from './group-settings.ts';
import type { GroupConsumerOptions } from './group-types.ts';
import { HandedOut } from './handed-out.ts';
import { Membership } from './membership.ts';
import { OffsetCommitter } from './offset-committer.ts';
import { Rebalancer } from './rebalancer.ts';

/** Takes batches instead of the program's own loop. */
export interface BatchWorker<K, V> {
  /** At the moment at which the position passes it. */
  begin(batch: ConsumerBatch<K, V>, partition: GroupPartition): void;
  /** How long it has worked on the oldest record that it works on; undefined: on none. */
  readonly forMs: number | undefined;
}

/** The parts of a group consumer, put together: the membership, what it holds, what it reads, and what it commits. */
export class GroupSession<K, V> {
  readonly settings: GroupSettings;
  readonly stable: boolean;
  readonly consumer: Consumer<K, V>;
  readonly membership: Membership;
  readonly committer: OffsetCommitter;
  readonly rebalancer: Rebalancer<K, V>;
  readonly autoCommit: AutoCommit;
  readonly handed: HandedOut;
  readonly onCommitFailed: (error: MoldauError) => void;
  worker: BatchWorker<K, V> | undefined;
  /** Why it can't be a member. */
  failure: MoldauError | undefined;
  #joined = false;

  /** @throws MoldauError INVALID_CONFIG */
  constructor(cluster: Cluster, options: GroupConsumerOptions<K, V>) {
    const { scheduler, random, clock, logger } = cluster.ports;
    this.settings = parseGroupOptions(options);
    const { group } = this.settings;
    this.stable = options.isolation === 'read_committed';
    this.onCommitFailed = options.onCommitFailed ?? ((error) => logger.warn('a commit failed', { group, error: error.message }));
    this.handed = new HandedOut(clock);
    this.consumer = this.#createConsumer(cluster, options);
    this.membership = new Membership(cluster, this.settings, {
      processingForMs: () => (this.worker === undefined ? this.handed.forMs : this.worker.forMs),
      assigned: (assignment) => this.rebalancer.apply(assignment),
      attached: () => this.committer.attached(),
      detached: () => this.committer.detached(),
      committed: (answer) => this.committer.answered(answer),
      lost: (cause) => this.#lost(cause),
      failed: (error) => this.#failed(error),
    });
    this.committer = new OffsetCommitter({
      scheduler,
      random,
      timeoutMs: cluster.settings.requestTimeoutMs,
      send: (commit) => this.membership.commit(commit),
      reset: (cause) => this.membership.reset(cause),
    });
    this.autoCommit = this.#createAutoCommit(cluster);
    this.rebalancer = new Rebalancer(cluster, this.consumer, this.settings, {
      stable: this.stable,
      identity: () => this.membership.identity,
      carriedOut: (epoch) => this.membership.carriedOut(epoch),
      commitFinished: (partitions) => (this.settings.autoCommit ? this.autoCommit.commit(partitions) : Promise.resolve()),
      dropped: (partition, cause) => this.committer.drop(partition, cause),
      failed: (error) => this.consumer.failWith(error),
    });
  }

  /** The program asks for records: it becomes a member, if it is none. */
  join(): void {
    this.membership.join();
    if (this.#joined) return;
    this.#joined = true;
    if (this.settings.autoCommit) this.autoCommit.start();
  }

  /** What to commit for a partition, of which all records below are finished; undefined: not known yet. */
  finished(partition: GroupPartition): OffsetToCommit | undefined {
    const offset = finishedOffset(this.consumer, partition);
    return offset === undefined ? undefined : offsetToCommit(this.consumer, partition, offset);
  }

  /** Gives up all partitions in good order, leaves the group, and ends the reading. */
  async close(timeoutMs: number, returning: boolean): Promise<void> {
    this.autoCommit.stop();
    await this.rebalancer.release(timeoutMs);
    await this.membership.leave(returning);
    this.committer.abandon(new MoldauError('CLIENT_CLOSED', 'the consumer is closed'));
    await this.consumer.close();
  }

  #createConsumer(cluster: Cluster, options: GroupConsumerOptions<K, V>): Consumer<K, V> {
    const { signal: _closes, ...reading } = options;
    const heldOf = (place: { readonly topic: string; readonly partition: number }): GroupPartition => {
      const partition = this.rebalancer.find(place);
      assert(partition !== undefined, 'what is handed out is of a partition that is held', place);
      return partition;
    };
    return new Consumer<K, V>(cluster, { ...reading, assignment: [] }, () => {}, {
      record: (record) => this.handed.begin(heldOf(record), record.offset, record),
      batch: (batch) => {
        const partition = heldOf(batch);
        if (this.worker === undefined) this.handed.begin(partition, batch.firstOffset, batch);
        else this.worker.begin(batch, partition);
      },
    });
  }

  #createAutoCommit(cluster: Cluster): AutoCommit {
    return new AutoCommit({
      scheduler: cluster.ports.scheduler,
      intervalMs: this.settings.autoCommitIntervalMs,
      partitions: () => this.rebalancer.partitions,
      finished: (partition) => this.finished(partition),
      commit: (offsets) => this.committer.commit(offsets),
      failed: (error) => this.onCommitFailed(error),
    });
  }

  #lost(cause: MoldauError): void {
    this.committer.abandon(cause);
    this.rebalancer.loseAll(cause);
  }

  #failed(error: MoldauError): void {
    this.failure = error;
    this.autoCommit.stop();
    this.#lost(error);
    this.consumer.failWith(error);
  }
}
