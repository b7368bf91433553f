import { CLUSTER_KEY, encodeCluster, type MetadataImage, type RecordWrite, SHARDS_DEFAULT } from '@moldau/cluster';
import { type ControllerEpoch, type Counter, type MoldauError, present } from '@moldau/kernel';
import { BrokerRegistry } from './broker-registry.ts';
import { FencedWriter } from './fenced-writer.ts';
import type { ImageKeeper } from './image-keeper.ts';
import type { CoordinatorDeps, CoordinatorSettings } from './options.ts';
import { Rebalancer } from './rebalancer.ts';
import { ShardAssigner } from './shard-assigner.ts';
import { TopicReconciler } from './topic-reconciler.ts';

export interface ControllerDeps extends CoordinatorDeps {
  readonly keeper: ImageKeeper;
  readonly conflicts: Counter;
  readonly fencings: Counter;
  /** Told when another controller has been elected. */
  readonly fenced: () => void;
}

/** The active controller's work, from its election to its end. */
export class Controller {
  readonly epoch: ControllerEpoch;
  readonly writer: FencedWriter;
  readonly brokers: BrokerRegistry;
  readonly reconciler: TopicReconciler;
  private readonly rebalancer: Rebalancer;
  private readonly shards: ShardAssigner;
  private readonly deps: ControllerDeps;
  private readonly settings: CoordinatorSettings;
  private readonly forget: () => void;

  constructor(deps: ControllerDeps, settings: CoordinatorSettings, epoch: ControllerEpoch) {
    const { keeper, clock, scheduler, random, logger, store, conflicts, fencings, fenced } = deps;
    this.deps = deps;
    this.settings = settings;
    this.epoch = epoch;
    this.writer = new FencedWriter({ store, scheduler, clock, keeper, clusterName: settings.clusterName, epoch, conflicts, fenced });
    this.reconciler = new TopicReconciler({ keeper, writer: this.writer, scheduler, random, logger, fixed: settings.fixedConfigs });
    this.brokers = new BrokerRegistry(
      { clock, scheduler, logger, keeper, writer: this.writer, reconciler: this.reconciler, epoch, fencings },
      settings,
    );
    const caughtUp = this.brokers.caughtUp.bind(this.brokers);
    const { writer } = this;
    this.rebalancer = new Rebalancer({ clock, scheduler, random, logger, keeper, writer, fixed: settings.fixedConfigs, caughtUp });
    this.shards = new ShardAssigner({ scheduler, logger, keeper, writer });
    this.forget = keeper.listen({
      changed: (image, delta) => {
        this.reconciler.mark(image, delta);
        this.shards.mark(delta);
      },
      reloaded: () => {
        this.reconciler.markAll();
        this.shards.look();
      },
    });
  }

  /**
   * Creates the cluster when it is the first, and takes up what its predecessor left, unless the office is lost meanwhile.
   * Rejects with the writer's errors.
   */
  async start(inOffice: () => boolean): Promise<void> {
    await this.writer.change((image) => ({ writes: this.firstWrites(image), result: undefined }));
    if (!inOffice()) return;
    this.brokers.start();
    this.reconciler.markAll();
    this.rebalancer.start();
    this.shards.look();
  }

  /** Ends every stream with the error; no write begins after this. */
  stop(error: MoldauError): void {
    this.forget();
    this.writer.stop();
    this.reconciler.stop();
    this.rebalancer.stop();
    this.shards.stop();
    this.brokers.stop(error);
  }

  clusterId(): string {
    return present(this.deps.keeper.image().cluster, 'an active controller has a cluster').clusterId;
  }

  private firstWrites(image: MetadataImage): RecordWrite[] {
    if (image.cluster !== undefined) return [];
    const clusterId = this.deps.ids.uuid();
    this.deps.logger.info('a new cluster is made', { clusterId, clusterName: this.settings.clusterName });
    return [
      {
        key: CLUSTER_KEY,
        value: encodeCluster({ clusterId, createdAtMs: this.deps.clock.wallMs(), shards: SHARDS_DEFAULT }),
        expected: 'absent',
      },
    ];
  }
}
