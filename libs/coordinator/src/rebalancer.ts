import { balanceLeaders, clusterValue, drainWrites, type MetadataImage, type RecordWrite, type StaticConfigs } from '@moldau/cluster';
import { type BrokerId, type Clock, type Logger, MoldauError, type Random, type Scheduler, type Timer } from '@moldau/kernel';
import { type FencedWriter, inBatches } from './fenced-writer.ts';
import type { ImageKeeper } from './image-keeper.ts';

export interface RebalancerDeps {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly logger: Logger;
  readonly keeper: ImageKeeper;
  readonly writer: FencedWriter;
  readonly fixed: StaticConfigs;
  /** Whether a broker has applied the metadata up to this revision. */
  caughtUp(id: BrokerId, revision: number): boolean;
}

/** How often a drain is looked after, and the settings are read. */
const TICK_MS = 1_000;
/** Leaders that go back in one interval: as many clients look elsewhere at the same moment. */
const LEADERS_PER_INTERVAL_MAX = 500;
/** Moves away from one broker under way at once: they share its disk and network. */
const MOVING_MAX = 100;
const MS_PER_SECOND = 1_000;

/**
 * What the active controller does over time and nobody waits for: leaders go back to their preferred replicas, and brokers
 * that are being drained lose their replicas, some at a time. All of it is decided from the image, so any controller goes on.
 */
export class Rebalancer {
  private readonly deps: RebalancerDeps;
  private timer: Timer | undefined;
  private balancedAtMs: number;
  private stopped = false;

  constructor(deps: RebalancerDeps) {
    this.deps = deps;
    this.balancedAtMs = deps.clock.monotonicMs();
  }

  start(): void {
    if (!this.stopped) this.timer = this.deps.scheduler.after(TICK_MS, () => void this.tick());
  }

  stop(): void {
    this.stopped = true;
    this.timer?.cancel();
  }

  private async tick(): Promise<void> {
    try {
      await this.write('replicas are moved away from brokers that are drained', (image) =>
        drainWrites(image, this.deps.random, { movingMax: MOVING_MAX }).slice(0, LEADERS_PER_INTERVAL_MAX),
      );
      if (this.balanceIsDue()) {
        const { caughtUp } = this.deps;
        await this.write('leaders go back to preferred replicas', (image) =>
          balanceLeaders(image, { movesMax: LEADERS_PER_INTERVAL_MAX, caughtUp }),
        );
      }
    } catch (error) {
      const failed = MoldauError.from(error);
      if (failed.reason === 'INTERNAL') throw error;
      if (!this.stopped) this.deps.logger.warn('the cluster could not be balanced', { error: failed.message });
    }
    this.start();
  }

  private balanceIsDue(): boolean {
    const { clock, keeper, fixed } = this.deps;
    const value = (name: string): string => clusterValue(keeper.image(), name, fixed);
    const intervalMs = Number(value('leader.imbalance.check.interval.seconds')) * MS_PER_SECOND;
    const nowMs = clock.monotonicMs();
    if (nowMs - this.balancedAtMs < intervalMs) return false;
    this.balancedAtMs = nowMs;
    return value('auto.leader.rebalance.enable') === 'true';
  }

  private async write(what: string, decide: (image: MetadataImage) => readonly RecordWrite[]): Promise<void> {
    if (this.stopped) return;
    const { result } = await this.deps.writer.changeMany((image) => {
      const writes = decide(image);
      return { batches: inBatches(writes), result: writes.length };
    });
    if (result > 0) this.deps.logger.info(what, { partitions: result });
  }
}
