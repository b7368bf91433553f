import type { BrokerId, Namespace } from '@moldau/kernel';
import type { EndStagedOffsets, MarkerResult, TransactionMarker } from '@moldau/protocol';
import type { MarkerDirectory } from '@moldau/transactions';

/** The leaders of partitions. */
export interface MarkerBrokers {
  /** One result for each partition of each marker, in their order. Rejects when the call as a whole failed. */
  writeMarkers(broker: BrokerId, markers: readonly TransactionMarker[], timeoutMs: number): Promise<readonly MarkerResult[]>;
}

/** The owners of groups' shards, this instance among them. */
export interface MarkerGroups {
  /** Rejects FENCED_PRODUCER, FENCED_SHARD, and with anything else when it may not have been heard. */
  endStagedOffsets(groupShard: number, namespace: Namespace, end: EndStagedOffsets, timeoutMs: number): Promise<void>;
}

/** Where participants are, by the newest metadata. */
export interface LiveDirectory extends MarkerDirectory {
  /** Told when what it says may have changed. Returns how to stop that. */
  listen(changed: () => void): () => void;
}
