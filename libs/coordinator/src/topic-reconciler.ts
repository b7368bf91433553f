import {
  finishedDeletions,
  type ImageDelta,
  type MetadataImage,
  type RecordWrite,
  type StaticConfigs,
  topicProgress,
  WRITES_PER_TRANSACTION_MAX,
} from '@moldau/cluster';
import { type Logger, MoldauError, type Random, type Scheduler, type TopicId } from '@moldau/kernel';
import type { FencedWriter } from './fenced-writer.ts';
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
 * to, and puts as many of their writes into one transaction as fit.
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
  mark(delta: ImageDelta): void {
    const clusterConfig = delta.configs.some((target) => target.kind === 'cluster');
    if (delta.brokers.size > 0 || clusterConfig) return this.markAll();
    for (const topicId of delta.topics) this.dirty.add(topicId);
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

  /** One transaction at most; resolves to the number of partitions looked at. */
  private async step(): Promise<number> {
    const { result } = await this.deps.writer.change((image) => {
      const { writes, examined } = this.collect(image);
      return { writes, result: examined };
    });
    return result;
  }

  /**
   * The next writes. What is done leaves the set here, at the image that was looked at: a change that comes while the
   * transaction is under way marks it again.
   */
  private collect(image: MetadataImage): { readonly writes: readonly RecordWrite[]; readonly examined: number } {
    const writes: RecordWrite[] = [];
    let examined = 0;
    for (const topicId of this.dirty) {
      if (examined >= PARTITIONS_PER_TURN) break;
      examined += 1 + (image.topics.get(topicId)?.partitions.size ?? 0);
      const progress = topicProgress(image, topicId, this.deps);
      if (progress.kind === 'writes') {
        if (writes.length + progress.writes.length > WRITES_PER_TRANSACTION_MAX) break;
        writes.push(...progress.writes);
        continue;
      }
      this.dirty.delete(topicId);
      if (progress.kind === 'blocked') this.blocked.add(topicId);
    }
    if (writes.length > 0 || this.dirty.size > 0) return { writes, examined };
    const finished = this.deletions ? finishedDeletions(image) : [];
    if (finished.length === 0) this.deletions = false;
    return { writes: finished, examined };
  }
}
