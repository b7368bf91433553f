import {
  finishedDeletions,
  hasDispensable,
  type ImageDelta,
  isReassigning,
  type MetadataImage,
  type RecordWrite,
  type StaticConfigs,
  topicProgress,
  WRITES_PER_TRANSACTION_MAX,
} from '@moldau/cluster';
import { type Logger, MoldauError, type PartitionIndex, type Random, type Scheduler, type TopicId } from '@moldau/kernel';
import { type FencedWriter, inBatches, WRITES_PER_ROUND_MAX } from './fenced-writer.ts';
import type { ImageKeeper } from './image-keeper.ts';

export interface TopicReconcilerDeps {
  readonly keeper: ImageKeeper;
  readonly writer: FencedWriter;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly logger: Logger;
  readonly fixed: StaticConfigs;
}

/** Partitions looked at in one turn of the event loop: some milliseconds. */
const PARTITIONS_PER_TURN = 2_000;
/** Wait after a failed transaction. */
const RETRY_MS = 200;

/**
 * Brings every topic to its recorded state, whoever recorded it: creation and deletion of many partitions, leaders and ISR
 * after brokers came and went, changed settings. It takes what `topicProgress` says for the topics that something happened
 * to, puts as many of their writes into one transaction as fit, and has several transactions under way at once: a broker that
 * held 30,000 partitions is gone from them after 250.
 */
export class TopicReconciler {
  private readonly deps: TopicReconcilerDeps;
  private readonly dirty = new Set<TopicId>();
  /** Wait for brokers. */
  private readonly blocked = new Set<TopicId>();
  private deletions = false;
  private running = false;
  private stopped = false;
  private readonly idleWaiters: (() => void)[] = [];

  constructor(deps: TopicReconcilerDeps) {
    this.deps = deps;
  }

  /** Looks at everything: at the start, and after the image was listed anew. */
  markAll(): void {
    for (const topicId of this.deps.keeper.image().topics.keys()) this.dirty.add(topicId);
    this.blocked.clear();
    this.deletions = true;
    this.wake();
  }

  /** Looks at what a change may have touched. */
  mark(image: MetadataImage, delta: ImageDelta): void {
    const clusterConfig = delta.configs.some((target) => target.kind === 'cluster');
    if (delta.brokers.size > 0 || clusterConfig) return this.markAll();
    for (const topicId of delta.topics) this.dirty.add(topicId);
    for (const [topicId, indexes] of delta.partitions) if (goesOn(image, topicId, indexes)) this.dirty.add(topicId);
    for (const target of delta.configs) if (target.kind === 'topic') this.dirty.add(target.topicId);
    if (delta.topics.size > 0 || delta.deletedTopics.size > 0) this.deletions = true;
    this.wake();
  }

  stop(): void {
    this.stopped = true;
    this.dirty.clear();
    this.settleIdle();
  }

  /** Whether nothing is left to do but what waits for brokers. */
  idle(): boolean {
    return !this.running && this.dirty.size === 0 && !this.deletions;
  }

  /** Resolves once nothing is left to do. */
  async whenIdle(): Promise<void> {
    if (!this.idle() && !this.stopped) await new Promise<void>((resolve) => this.idleWaiters.push(resolve));
  }

  private wake(): void {
    if (this.running || this.stopped || this.idle()) return;
    this.running = true;
    void this.run();
  }

  private async run(): Promise<void> {
    while (!this.stopped && (this.dirty.size > 0 || this.deletions)) {
      try {
        const examined = await this.step();
        if (examined >= PARTITIONS_PER_TURN) await new Promise<void>((resolve) => this.deps.scheduler.nextTurn(resolve));
      } catch (error) {
        const failed = MoldauError.from(error);
        if (failed.reason === 'INTERNAL') throw error;
        if (!this.stopped) this.deps.logger.warn('topics could not be brought forward', { error: failed.message });
        await new Promise<void>((resolve) => this.deps.scheduler.after(RETRY_MS, resolve));
      }
    }
    this.running = false;
    this.settleIdle();
  }

  private settleIdle(): void {
    for (const resolve of this.idleWaiters.splice(0)) resolve();
  }

  /** One round of transactions at most; resolves to the number of partitions looked at. */
  private async step(): Promise<number> {
    const { result } = await this.deps.writer.changeMany((image) => {
      const { batches, examined } = this.collect(image);
      return { batches, result: examined };
    });
    return result;
  }

  /**
   * The next writes. What is done leaves the set here, at the image that was looked at: a change that comes while the
   * transaction is under way marks it again.
   */
  private collect(image: MetadataImage): { readonly batches: readonly (readonly RecordWrite[])[]; readonly examined: number } {
    const packed = new PackedWrites();
    let examined = 0;
    for (const topicId of this.dirty) {
      if (examined >= PARTITIONS_PER_TURN || packed.full()) break;
      examined += 1 + (image.topics.get(topicId)?.partitions.size ?? 0);
      const progress = topicProgress(image, topicId, { ...this.deps, limit: WRITES_PER_ROUND_MAX });
      if (progress.kind === 'writes') {
        packed.add(progress.writes);
        continue;
      }
      this.dirty.delete(topicId);
      if (progress.kind === 'blocked') this.blocked.add(topicId);
    }
    const batches = packed.batches();
    if (batches.length > 0 || this.dirty.size > 0) return { batches, examined };
    const finished = this.deletions ? finishedDeletions(image) : [];
    if (finished.length === 0) this.deletions = false;
    return { batches: inBatches(finished), examined };
  }
}

/** Writes of several topics in the transactions of one round. What one transaction takes of a topic stays in one. */
class PackedWrites {
  private readonly packed: RecordWrite[][] = [];

  full(): boolean {
    return this.packed.length * WRITES_PER_TRANSACTION_MAX >= WRITES_PER_ROUND_MAX;
  }

  /** Leaves out what does not fit: the topic is looked at again. */
  add(writes: readonly RecordWrite[]): void {
    const last = this.packed.at(-1);
    if (last !== undefined && last.length + writes.length <= WRITES_PER_TRANSACTION_MAX) {
      last.push(...writes);
      return;
    }
    for (const batch of inBatches(writes)) if (!this.full()) this.packed.push(batch);
  }

  batches(): readonly (readonly RecordWrite[])[] {
    return this.packed;
  }
}

/**
 * Whether of a partition that changed replicas are being moved: the move may go on; or enough are in sync now without one whose
 * disk is slow.
 */
function goesOn(image: MetadataImage, topicId: TopicId, indexes: ReadonlySet<PartitionIndex>): boolean {
  const { brokers, topics } = image;
  const partitions = topics.get(topicId)?.partitions;
  for (const index of indexes) {
    const partition = partitions?.get(index);
    if (partition !== undefined && (isReassigning(partition) || hasDispensable(partition, brokers))) return true;
  }
  return false;
}
