import { leadsMovable, type MetadataImage } from '@moldau/cluster';
import type { BrokerId, Scheduler } from '@moldau/kernel';
import { within } from './limits/within.ts';
import type { ClusterState } from './metadata/cluster-state.ts';

export interface DepartureDeps {
  readonly scheduler: Scheduler;
  readonly cluster: ClusterState;
  readonly brokerId: BrokerId;
  /** For each step. */
  readonly timeoutMs: number;
  /** Settles when the controller lets the broker go. */
  readonly mayShutDown: Promise<void>;
}

/** Longest wait for others to count this broker out: a controller that takes longer is about to lose its own office. */
const COUNTED_OUT_MS_MAX = 1_000;

/** How a broker that stops leaves the cluster, so that nobody has to wait for it: each step ends when it is done, or after a while. */
export class Departure {
  readonly #deps: DepartureDeps;

  constructor(deps: DepartureDeps) {
    this.#deps = deps;
  }

  /** The controller knows that the broker wants to stop, and has moved what another one could lead. */
  async leadersMoved(): Promise<void> {
    const { scheduler, cluster, brokerId, timeoutMs, mayShutDown } = this.#deps;
    const left = cluster.until((image) => hasLeft(image, brokerId));
    await within(scheduler, timeoutMs, Promise.race([left, mayShutDown]));
  }

  /** The controller has fenced it, and acknowledgements hang on it no longer. */
  async countedOut(): Promise<void> {
    const { scheduler, cluster, brokerId, timeoutMs, mayShutDown } = this.#deps;
    await within(scheduler, timeoutMs, mayShutDown);
    await within(
      scheduler,
      Math.min(timeoutMs, COUNTED_OUT_MS_MAX),
      cluster.until((image) => !isCounted(image, brokerId)),
    );
  }
}

function hasLeft(image: MetadataImage, brokerId: BrokerId): boolean {
  const own = image.brokers.get(brokerId);
  return own === undefined || own.fenced || (own.shuttingDown && !leadsMovable(image, brokerId));
}

/** Whether some leader waits for what this broker has. */
function isCounted(image: MetadataImage, brokerId: BrokerId): boolean {
  return image.topics.some((topic) =>
    topic.partitions.some((partition) => partition !== undefined && partition.isr.length > 1 && partition.isr.includes(brokerId)),
  );
}
