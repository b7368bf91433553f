import { brokerValues } from '@moldau/cluster';
import type { BrokerEpoch } from '@moldau/kernel';
import type { BrokerParts } from '../broker-parts.ts';
import type { LogStore } from '../partition/log-store.ts';
import type { PartitionDeps } from '../partition/partition-deps.ts';
import type { ControllerClient } from '../session/controller-client.ts';
import { CopyThrottle } from './copy-throttle.ts';
import { FollowerStreams } from './follower-streams.ts';
import { IsrChanges } from './isr-changes.ts';
import { registerReplicationGauges } from './replication-gauges.ts';
import { SlowDiskWatch } from './slow-disk-watch.ts';

const MAX_LAG = 'replica.lag.time.max.ms';
const THROTTLED_RATE = 'follower.replication.throttled.rate';
const NOTHING_FIXED: ReadonlyMap<string, string> = new Map();

export interface ReplicationDeps {
  readonly parts: BrokerParts;
  readonly controller: Pick<ControllerClient, 'call'>;
  /** Epoch of this life of the broker; undefined before it registered. */
  readonly brokerEpoch: () => BrokerEpoch | undefined;
}

/** The broker's part in replication beside what it serves to followers: it follows leaders, and proposes changes of the ISR. */
export class Replication {
  readonly followers: FollowerStreams;
  readonly isrChanges: IsrChanges;
  readonly #parts: BrokerParts;
  /** Computed when they are asked for, after each change of the settings. */
  #maxLagMs: number | undefined;
  #throttledRate: number | undefined;
  #disk: SlowDiskWatch | undefined;

  constructor({ parts, controller, brokerEpoch }: ReplicationDeps) {
    const { deps, settings, wheel, cluster, replicationMetrics: metrics } = parts;
    const { clock, scheduler, random, logger, connector } = deps;
    const { brokerId } = settings;
    this.#parts = parts;
    const shared = { clock, logger, wheel, cluster, metrics, brokerId, brokerEpoch };
    const throttle = new CopyThrottle(clock, () => (this.#throttledRate ??= this.#setting(THROTTLED_RATE)));
    this.followers = new FollowerStreams({ ...shared, scheduler, random, connector }, throttle);
    this.isrChanges = new IsrChanges({ ...shared, controller, maxLagMs: () => (this.#maxLagMs ??= this.#setting(MAX_LAG)) });
    registerReplicationGauges(deps.meter, cluster, brokerId, this);
    cluster.listen(({ delta }) => {
      if (delta !== undefined && delta.configs.every(({ kind }) => kind === 'topic' || kind === 'group')) return;
      this.#maxLagMs = undefined;
      this.#throttledRate = undefined;
      this.followers.restreamAll();
    });
  }

  /** What partitions need of it. */
  get partitionDeps(): Pick<PartitionDeps, 'feed' | 'metrics' | 'onLeading' | 'onUneven'> {
    return {
      feed: this.followers,
      metrics: this.#parts.replicationMetrics,
      onLeading: (partition, leads) => this.isrChanges.leading(partition, leads),
      onUneven: (partition) => this.isrChanges.uneven(partition),
    };
  }

  /** Whether others should lead, and be in sync, in place of this broker because of its disk. */
  get diskIsSlow(): boolean {
    return this.#disk?.isSlow === true;
  }

  /** Looks at the disk from now on; `changed` runs when it has become slow, or is well again. */
  watchDisk(logs: Pick<LogStore, 'takeLongestFlushMs'>, changed: () => void): void {
    const { clock, scheduler, logger, meter } = this.#parts.deps;
    this.#disk = new SlowDiskWatch({
      clock,
      scheduler,
      logger,
      meter,
      heldBackMs: (nowMs) => this.isrChanges.heldBackMs(nowMs),
      takeLongestFlushMs: () => logs.takeLongestFlushMs(),
      changed,
    });
    this.#disk.start();
  }

  close(): void {
    this.#disk?.stop();
    this.isrChanges.close();
    this.followers.close();
    this.#parts.replicaStreams.abandon();
  }

  #setting(name: string): number {
    const { cluster, settings } = this.#parts;
    return Number(brokerValues(cluster.current, settings.brokerId, NOTHING_FIXED).get(name));
  }
}
