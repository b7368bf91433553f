import { MoldauError } from '@moldau/kernel';
import type { MembershipAssignment } from '@moldau/protocol';
import type { Cluster } from '../cluster/cluster.ts';
import { nameKey } from '../consumer/assigned-partition.ts';
import type { Consumer } from '../consumer/consumer.ts';
import type { TopicPartitionName } from '../consumer/consumer-types.ts';
import { changeOf } from './assignment-change.ts';
import { type GroupPartition, idKey } from './group-partition.ts';
import type { GroupSettings } from './group-settings.ts';
import { PartitionStarter, type StarterOptions } from './partition-starter.ts';
import { RebalanceCalls } from './rebalance-calls.ts';

/** Part of the rebalance timeout that the program may use; the rest is for the last commit and the way to the cluster. */
const PROGRAM_SHARE = 0.8;

export interface RebalancerHooks extends Omit<StarterOptions, 'from' | 'signal'> {
  /** All that was asked for up to this epoch is given up. */
  carriedOut(epoch: number): void;
  /** Commits what is finished of these, if that is done automatically; never rejects. */
  commitFinished(partitions: readonly GroupPartition[]): Promise<void>;
  /** It is not held any more. */
  dropped(partition: GroupPartition, cause: MoldauError): void;
}

/** Carries out assignments: begins to read what is given, finishes and gives up what is asked for, drops what is lost. */
export class Rebalancer<K, V> {
  readonly #cluster: Cluster;
  readonly #consumer: Consumer<K, V>;
  readonly #rebalanceTimeoutMs: number;
  readonly #hooks: RebalancerHooks;
  readonly #calls: RebalanceCalls;
  readonly #starter: PartitionStarter<K, V>;
  readonly #abort = new AbortController();
  readonly #held = new Map<string, GroupPartition>();
  /** The same by name, for what the program and its records name. */
  readonly #named = new Map<string, GroupPartition>();
  #givingUp = 0;
  #newestEpoch = 0;

  constructor(cluster: Cluster, consumer: Consumer<K, V>, settings: GroupSettings, hooks: RebalancerHooks) {
    this.#cluster = cluster;
    this.#consumer = consumer;
    this.#rebalanceTimeoutMs = settings.rebalanceTimeoutMs;
    this.#hooks = hooks;
    this.#calls = new RebalanceCalls(settings.events, (error) => hooks.failed(error));
    const { from } = settings;
    this.#starter = new PartitionStarter(cluster, consumer, this.#calls, { ...hooks, from, signal: this.#abort.signal });
  }

  get partitions(): Iterable<GroupPartition> {
    return this.#held.values();
  }

  /** The partition by its name, if it is held. */
  find({ topic, partition }: TopicPartitionName): GroupPartition | undefined {
    return this.#named.get(nameKey(topic, partition));
  }

  apply(assignment: MembershipAssignment): void {
    const { added, revoked, lost } = changeOf(this.#held, assignment);
    this.#newestEpoch = assignment.memberEpoch;
    this.#lose(lost, new MoldauError('NOT_PARTITION_OWNER', 'the cluster gave the partitions to others'));
    for (const partition of added) {
      this.#held.set(idKey(partition.topicId, partition.partition), partition);
      this.#named.set(nameKey(partition.topic, partition.partition), partition);
    }
    if (revoked.length > 0) void this.#giveUp(revoked);
    else this.#report();
    if (added.length > 0) void this.#starter.start(added);
  }

  loseAll(cause: MoldauError): void {
    this.#lose([...this.partitions], cause);
  }

  /** Gives up everything in good order, within `timeoutMs`; begins nothing any more. */
  async release(timeoutMs: number): Promise<void> {
    this.#abort.abort();
    await this.#finish([...this.partitions], timeoutMs);
  }

  #lose(partitions: readonly GroupPartition[], cause: MoldauError): void {
    const told = partitions.filter((partition) => partition.told);
    for (const partition of partitions) this.#drop(partition, cause);
    void this.#calls.lost(told, cause);
  }

  /** Never rejects. */
  async #giveUp(partitions: readonly GroupPartition[]): Promise<void> {
    this.#givingUp += 1;
    await this.#finish(partitions, this.#rebalanceTimeoutMs * PROGRAM_SHARE);
    this.#givingUp -= 1;
    this.#report();
  }

  #report(): void {
    if (this.#givingUp === 0) this.#hooks.carriedOut(this.#newestEpoch);
  }

  async #finish(partitions: readonly GroupPartition[], timeoutMs: number): Promise<void> {
    if (partitions.length === 0) return;
    for (const partition of partitions) {
      partition.revoke();
      this.#consumer.pause(partition);
    }
    await this.#within(timeoutMs, this.#finishInOrder(partitions));
    const late = new MoldauError('REVOCATION_TIMED_OUT', `partitions were not given up in order within ${timeoutMs} ms`);
    const left = partitions.filter(({ phase }) => phase === 'revoking');
    for (const partition of left) this.#drop(partition, late);
    // There was no time to tell the program that they go: now they are gone.
    void this.#calls.lost(
      left.filter(({ told, askedFor }) => told && !askedFor),
      late,
    );
  }

  async #finishInOrder(partitions: readonly GroupPartition[]): Promise<void> {
    await Promise.all(partitions.map((partition) => partition.idle()));
    await this.#calls.revoked(partitions.filter(({ phase }) => phase === 'revoking'));
    await this.#hooks.commitFinished(partitions.filter(({ phase }) => phase === 'revoking'));
  }

  #within(timeoutMs: number, work: Promise<void>): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#cluster.ports.scheduler.after(timeoutMs, resolve);
      void work.finally(() => {
        timer.cancel();
        resolve();
      });
    });
  }

  #drop(partition: GroupPartition, cause: MoldauError): void {
    if (partition.phase === 'gone') return;
    partition.end(cause);
    this.#hooks.dropped(partition, cause);
    this.#held.delete(idKey(partition.topicId, partition.partition));
    if (this.find(partition) !== partition) return;
    this.#named.delete(nameKey(partition.topic, partition.partition));
    this.#consumer.unassign([partition]);
    this.#consumer.resume(partition);
  }
}
