import { assignShards, type ImageDelta } from '@moldau/cluster';
import { type Logger, MoldauError, type Scheduler, type Timer } from '@moldau/kernel';
import type { FencedWriter } from './fenced-writer.ts';
import type { ImageKeeper } from './image-keeper.ts';

export interface ShardAssignerDeps {
  readonly scheduler: Scheduler;
  readonly logger: Logger;
  readonly keeper: ImageKeeper;
  readonly writer: FencedWriter;
}

/** Wait after a failure of the store. */
const RETRY_MS = 500;

/**
 * Keeps an owner for each coordinator shard, as long as this is the active controller: looks whenever coordinators, owners or
 * topics have changed. One decision at a time; what changes meanwhile is looked at after it.
 */
export class ShardAssigner {
  private readonly deps: ShardAssignerDeps;
  private running = false;
  private again = false;
  private stopped = false;
  private timer: Timer | undefined;

  constructor(deps: ShardAssignerDeps) {
    this.deps = deps;
  }

  /** Looks at what a change may have touched. */
  mark(delta: ImageDelta): void {
    if (delta.coordinators || delta.shards || delta.cluster || delta.topics.size > 0) this.look();
  }

  look(): void {
    if (this.stopped) return;
    if (this.running) {
      this.again = true;
      return;
    }
    if (assignShards(this.deps.keeper.image()).length === 0) return;
    this.running = true;
    void this.assign();
  }

  stop(): void {
    this.stopped = true;
    this.timer?.cancel();
  }

  private async assign(): Promise<void> {
    try {
      const { result } = await this.deps.writer.change((image) => {
        const writes = assignShards(image);
        return { writes, result: writes.length };
      });
      if (result > 0) this.deps.logger.info('shards have other owners', { shards: result });
      this.done();
    } catch (error) {
      const failed = MoldauError.from(error);
      if (failed.reason === 'INTERNAL') throw error;
      if (this.stopped) return;
      this.deps.logger.warn('shards could not be given owners', { error: failed.message });
      this.timer = this.deps.scheduler.after(RETRY_MS, () => {
        this.again = true;
        this.done();
      });
    }
  }

  private done(): void {
    this.running = false;
    if (!this.again) return;
    this.again = false;
    this.look();
  }
}
