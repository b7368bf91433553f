import type { MetadataImage } from '@moldau/cluster';
import { type BrokerEpoch, type ClusterId, type DirectoryId, MoldauError } from '@moldau/kernel';
import type { ReplicaReport } from '@moldau/protocol';
import type { BrokerSettings } from '../options.ts';
import type { BrokerIdentity } from './broker-identity.ts';

/** This life of the broker, as the controller knows it: who it is, the epoch it registered in, and whether it may serve. */
export class Registration {
  readonly #settings: BrokerSettings;
  /** Of this life of the process, a UUID. */
  readonly #incarnationId: string;
  #epoch: BrokerEpoch | undefined;
  #fenced = true;
  /** What it says of its replicas until it has registered; later they are what they were when the controller heard of them. */
  replicas: ReplicaReport | undefined;

  constructor(settings: BrokerSettings, incarnationId: string) {
    this.#settings = settings;
    this.#incarnationId = incarnationId;
  }

  /** Undefined before it registered: then it leads nothing. */
  get epoch(): BrokerEpoch | undefined {
    return this.#epoch;
  }

  get isFenced(): boolean {
    return this.#fenced;
  }

  identity(directoryId: DirectoryId): BrokerIdentity {
    const { brokerId, rack, softwareVersion, features, endpoints } = this.#settings;
    return { brokerId, directoryId, incarnationId: this.#incarnationId, endpoints: endpoints(), rack, softwareVersion, features };
  }

  /**
   * Notes a registration; true when it brought another epoch.
   *
   * @throws MoldauError WRONG_CLUSTER when the coordinator's cluster is not that of the data directory
   */
  registered(own: ClusterId, cluster: ClusterId, epoch: BrokerEpoch): boolean {
    if (own !== cluster) {
      const facts = { value: own, limit: cluster };
      throw new MoldauError('WRONG_CLUSTER', `the data directory belongs to cluster ${own}; the coordinator serves ${cluster}`, facts);
    }
    const isNew = this.#epoch !== epoch;
    this.#epoch = epoch;
    this.replicas = undefined;
    return isNew;
  }

  /** Notes what a heartbeat's answer says; true when that changed. */
  fencing(fenced: boolean): boolean {
    const changed = fenced !== this.#fenced;
    this.#fenced = fenced;
    return changed;
  }

  /** Whether the metadata shows a newer life of this broker. */
  isSupersededIn(image: MetadataImage): boolean {
    const known = image.brokers.get(this.#settings.brokerId);
    if (this.#epoch === undefined || known === undefined) return false;
    return known.brokerEpoch > this.#epoch && known.incarnationId !== this.#incarnationId;
  }
}
