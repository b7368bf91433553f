import type { MetadataImage, PartitionImage, TopicImage } from '@moldau/cluster';
import {
  type BrokerEpoch,
  type BrokerId,
  type Logger,
  MoldauError,
  type Offset,
  type PartitionIndex,
  partitionIndex,
  type Scheduler,
  type TopicId,
} from '@moldau/kernel';
import type { ReplicaReport } from '@moldau/protocol';
import type { DeadlineWheel } from '../limits/deadline-wheel.ts';
import { changedTopics } from '../metadata/changed-topics.ts';
import type { ClusterChange, ClusterState } from '../metadata/cluster-state.ts';
import { assignmentOf } from './assignment.ts';
import { DamagedPartitions } from './damaged-partitions.ts';
import { LogJobs } from './log-jobs.ts';
import type { LogStore } from './log-store.ts';
import { Partition } from './partition.ts';
import type { PartitionDeps } from './partition-deps.ts';
import type { PartitionLog } from './partition-log.ts';
import type { LocalTopic, PartitionTable } from './partition-table.ts';
import { ReplicaRemoval } from './replica-removal.ts';
import type { TopicSettings, TopicSettingsCache } from './topic-settings.ts';

/** Partitions compared with the metadata in one turn of the event loop: well below 5 ms. */
const PARTITIONS_PER_TURN = 256;
/** Deleted topics that one heartbeat reports. */
const REMOVED_TOPICS_MAX = 1_000;

export interface PartitionLifecycleDeps {
  readonly scheduler: Scheduler;
  readonly wheel: DeadlineWheel;
  readonly logger: Logger;
  readonly brokerId: BrokerId;
  readonly cluster: ClusterState;
  readonly table: PartitionTable;
  readonly logs: LogStore;
  readonly partition: PartitionDeps;
  /** Epoch of this life of the broker; undefined before it registered: then it leads nothing. */
  readonly brokerEpoch: () => BrokerEpoch | undefined;
  readonly settings: TopicSettingsCache;
  /** Everything has been brought in line with the newest metadata. */
  readonly onSettled: () => void;
  /** There are damaged replicas of which the controller must hear. */
  readonly onDamaged: () => void;
}

/**
 * Brings the broker's partitions to what the metadata says, again and again: opens and makes logs, follows leaders, terms
 * and settings, closes what is assigned elsewhere, removes the data of deleted topics. Works from a list of topics that
 * may differ, always against the newest view, a bounded number of partitions per turn.
 */
export class PartitionLifecycle {
  readonly #deps: PartitionLifecycleDeps;
  readonly #dirty = new Set<TopicId>();
  readonly #removed = new Set<TopicId>();
  readonly #deleting = new Set<TopicId>();
  readonly #jobs: LogJobs;
  readonly #removal: ReplicaRemoval;
  readonly #damaged: DamagedPartitions;
  /** Topics that are to be looked at too, all of them; taken up a few at a time. */
  #sweep: Iterator<TopicId> | undefined;
  #cursor = 0;
  #armed = false;
  #stopped = false;
  #version = 0;
  #waits: { readonly version: number; resolve(): void }[] = [];

  constructor(deps: PartitionLifecycleDeps) {
    this.#deps = deps;
    this.#jobs = new LogJobs(deps.logger, () => this.#settle());
    this.#removal = new ReplicaRemoval({ ...deps, clock: deps.partition.clock }, this.#jobs);
    this.#damaged = new DamagedPartitions(deps.brokerId, deps.scheduler, () => deps.onDamaged());
    deps.cluster.listen((change) => this.#noticed(change));
  }

  /** Metadata version up to which everything here has been brought in line. */
  get settledVersion(): number {
    return this.#version;
  }

  /** Settles once everything of that metadata version has been brought in line. */
  settledAt(version: number): Promise<void> {
    if (this.#version >= version) return Promise.resolve();
    return new Promise((resolve) => this.#waits.push({ version, resolve }));
  }

  /** Deleted topics whose data is gone and of which the controller does not know that yet: as many as one heartbeat reports. */
  get removedTopics(): TopicId[] {
    return [...this.#removed].slice(0, REMOVED_TOPICS_MAX);
  }

  /** Damaged replicas of which the controller must hear; undefined: none. */
  get damagedReplicas(): ReplicaReport | undefined {
    return this.#damaged.report(this.#deps.cluster.current);
  }

  /** Looks at everything again: the broker has another epoch. */
  recheck(): void {
    const { cluster } = this.#deps;
    this.#noticed({ image: cluster.current, delta: undefined });
  }

  /** A partition is offline: perhaps it may be built anew. */
  failed(partition: Partition, error: MoldauError): void {
    const { topicId, index } = partition;
    const { reason, message } = error;
    this.#damaged.wentOffline(partition);
    this.#deps.logger.error('a partition is offline', { topicId, partition: index, reason, error: message });
    if (this.#stopped) return;
    this.#dirty.add(topicId);
    this.#cursor = 0;
    this.#arm();
  }

  /** Takes no further change. */
  stop(): void {
    this.#stopped = true;
    this.#removal.stop();
    this.#jobs.clear();
  }

  /** Settles when no log is being opened, closed or removed. */
  async idle(): Promise<void> {
    await this.#jobs.idle();
  }

  #noticed(change: ClusterChange): void {
    if (this.#stopped) return;
    const topics = changedTopics(change.delta);
    if (topics === undefined) {
      this.#sweep = everyTopic(change.image, this.#deps.table);
    } else {
      for (const topicId of topics) this.#dirty.add(topicId);
    }
    // The topic being worked on may have changed where the cursor has passed already.
    this.#cursor = 0;
    this.#noticeDeletions(change.image);
    this.#settle();
    this.#arm();
  }

  #noticeDeletions(image: MetadataImage): void {
    const { brokerId } = this.#deps;
    const listed = new Set<TopicId>();
    for (const topic of image.deletedTopics.values()) if (topic.brokerIds.includes(brokerId)) listed.add(topic.topicId);
    for (const topicId of this.#removed) if (!listed.has(topicId)) this.#removed.delete(topicId);
    for (const topicId of listed) {
      if (this.#removed.has(topicId) || this.#deleting.has(topicId)) continue;
      this.#deleting.add(topicId);
      this.#dirty.add(topicId);
    }
  }

  #arm(): void {
    if (this.#armed || this.#stopped || this.#isClean) return;
    this.#armed = true;
    this.#deps.scheduler.nextTurn(() => {
      this.#armed = false;
      this.#step();
    });
  }

  #step(): void {
    const { cluster, table } = this.#deps;
    let budget = PARTITIONS_PER_TURN;
    if (this.#dirty.size < PARTITIONS_PER_TURN) this.#takeUp();
    for (const topicId of this.#dirty) {
      if (this.#stopped) return;
      const topic = cluster.current.topics.get(topicId);
      const local = table.topic(topicId);
      const end = Math.max(topic?.partitionCount ?? 0, local?.partitions.length ?? 0);
      for (; this.#cursor < end && budget > 0; this.#cursor += 1, budget -= 1) this.#reconcile(topicId, this.#cursor, topic, local);
      if (this.#cursor < end) break;
      this.#cursor = 0;
      this.#dirty.delete(topicId);
      if (topic === undefined) this.#deps.settings.forget(topicId);
      if (this.#deleting.has(topicId)) this.#jobs.add(topicId, undefined, () => this.#deleteTopic(topicId));
    }
    this.#settle();
    this.#arm();
  }

  get #isClean(): boolean {
    return this.#dirty.size === 0 && this.#sweep === undefined;
  }

  #takeUp(): void {
    for (let count = 0; count < PARTITIONS_PER_TURN && this.#sweep !== undefined; count += 1) {
      const next = this.#sweep.next();
      if (next.done === true) this.#sweep = undefined;
      else this.#dirty.add(next.value);
    }
  }

  #reconcile(topicId: TopicId, index: number, topic: TopicImage | undefined, local: LocalTopic | undefined): void {
    const { brokerId } = this.#deps;
    const view = topic?.partitions.get(index);
    const wanted = topic !== undefined && topic.state !== 'deleting' && view?.replicas.includes(brokerId) === true;
    const existing = local?.partitions[index];
    if (!wanted && existing !== undefined) this.#close(existing, topic);
    if (topic === undefined || view === undefined) return;
    if (!wanted) {
      this.#removal.unwanted(topicId, partitionIndex(index), () => this.#settings(topicId).storage.fileDeleteDelayMs);
      return;
    }
    this.#removal.wanted(topicId, partitionIndex(index));
    const settings = this.#settings(topicId);
    if (existing === undefined) {
      this.#create(topicId, partitionIndex(index), topic, view, settings);
      return;
    }
    if (this.#damaged.mayRebuild(existing, view)) {
      this.#rebuild(existing, topic, view, settings);
      return;
    }
    if (existing.settings !== settings) existing.reconfigure(settings);
    existing.reassign(assignmentOf(view, this.#deps.brokerId, this.#deps.brokerEpoch()));
  }

  #settings(topicId: TopicId): TopicSettings {
    return this.#deps.settings.of(this.#deps.cluster.current, topicId);
  }

  #create(topicId: TopicId, index: PartitionIndex, topic: TopicImage, view: PartitionImage, settings: TopicSettings): void {
    const { logs } = this.#deps;
    this.#open(topicId, index, topic, view, settings, (config) => logs.open(topicId, index, config));
  }

  #open(
    topicId: TopicId,
    index: PartitionIndex,
    topic: TopicImage,
    view: PartitionImage,
    settings: TopicSettings,
    open: (config: TopicSettings['storage']) => Promise<PartitionLog>,
  ): void {
    const { table, partition: deps } = this.#deps;
    const partition = new Partition(deps, topicId, index, assignmentOf(view, this.#deps.brokerId, this.#deps.brokerEpoch()), settings);
    table.add(partition, topic.namespace, topic.name);
    this.#jobs.add(topicId, index, async () => {
      if (partition.kind !== 'opening') return;
      try {
        partition.opened(await open(partition.settings.storage));
      } catch (caught) {
        partition.openFailed(MoldauError.from(caught));
      }
    });
  }

  /** Drops what a damaged replica has; its leader sends all again. */
  #rebuild(damaged: Partition, topic: TopicImage, view: PartitionImage, settings: TopicSettings): void {
    const { topicId, index } = damaged;
    const { logs, logger } = this.#deps;
    logger.warn('a damaged replica is built anew from its leader', { topicId, partition: index, leaderId: view.leader });
    this.#close(damaged, topic);
    this.#open(topicId, index, topic, view, settings, (config) => logs.beginAnew(topicId, index, config, 0 as Offset));
  }

  #close(partition: Partition, topic: TopicImage | undefined): void {
    const { topicId, index } = partition;
    this.#deps.table.remove(partition);
    this.#damaged.remove(partition);
    const facts = { topic_id: topicId, partition: String(index) };
    const error =
      topic === undefined
        ? new MoldauError('LEADER_CHANGED_AFTER_APPEND', `topic ${topicId} was deleted before the batch was confirmed`, facts)
        : new MoldauError('LEADER_CHANGED_AFTER_APPEND', 'the partition moved before the batch was confirmed', facts);
    partition.close(error);
  }

  async #deleteTopic(topicId: TopicId): Promise<void> {
    try {
      await this.#deps.logs.deleteTopic(topicId);
      this.#removed.add(topicId);
      this.#deps.logger.info('removed the data of a deleted topic', { topicId });
    } finally {
      this.#deleting.delete(topicId);
    }
  }

  #settle(): void {
    if (!this.#isClean || !this.#jobs.isIdle) return;
    this.#version = this.#deps.cluster.version;
    const due = this.#waits.filter((wait) => wait.version <= this.#version);
    this.#waits = this.#waits.filter((wait) => wait.version > this.#version);
    for (const wait of due) wait.resolve();
    this.#deps.onSettled();
  }
}

/** Topics of the image, and those that are here and not in it. */
function* everyTopic(image: MetadataImage, table: PartitionTable): Generator<TopicId> {
  yield* image.topics.keys();
  for (const { topicId } of table.topics()) if (!image.topics.has(topicId)) yield topicId;
}
