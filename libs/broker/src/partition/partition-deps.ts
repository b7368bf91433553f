import type { BrokerId, Compute, MoldauError, Offset } from '@moldau/kernel';
import type { FollowingDeps } from '../replication/following.ts';
import type { TransactionVerifier } from '../transactions/transaction-verifier.ts';
import type { Partition } from './partition.ts';
import type { PartitionLog } from './partition-log.ts';

/** Watches the log of one partition for followers. */
export interface GrowthWatcher {
  /** Its written end moved. */
  partitionGrew(partition: Partition): void;
}

/** What partitions need of the broker. */
export interface PartitionDeps extends FollowingDeps {
  readonly compute: Compute;
  readonly brokerId: BrokerId;
  /** Asked before the first batch of a transaction is appended. */
  readonly verifier: TransactionVerifier;
  /** A batch waits for its confirmation: see to its deadline. */
  readonly onPending: (partition: Partition) => void;
  readonly onOffline: (partition: Partition, error: MoldauError) => void;
  /** This broker leads it, and may have something to propose; or does no more. */
  readonly onLeading: (partition: Partition, mayPropose: boolean) => void;
  /** What this broker leads has grown, or a follower of it lacks something: its replicas are not even any more. */
  readonly onUneven: (partition: Partition) => void;
  /** Removes its log and makes an empty one that begins there. */
  readonly beginAnew: (partition: Partition, startOffset: Offset) => Promise<PartitionLog>;
}
