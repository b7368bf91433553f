import type { CoordinatorId } from '@moldau/kernel';

/** Who owns a shard, as the metadata names it. */
export interface ShardOwner {
  readonly coordinatorId: CoordinatorId;
  /** Of its internal listener, host:port. */
  readonly address: string;
  /** Rises at each change of owner, and of the owner's life. */
  readonly shardEpoch: number;
}
