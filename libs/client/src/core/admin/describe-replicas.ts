import type { MoldauError } from '@moldau/kernel';
import { adminService, itemToError, type LedPartition, type PartitionReplicas } from '@moldau/protocol';
import type { Cluster } from '../cluster/cluster.ts';
import type { AdminCallOptions } from './admin-types.ts';
import { askLeaders } from './ask-leaders.ts';
import type { DescribedReplicas, LedReplicas, PartitionName } from './placement-types.ts';

/** Asks each partition's leader how its replicas stand. */
export function describeReplicas(
  cluster: Cluster,
  partitions: readonly PartitionName[],
  options: AdminCallOptions,
): Promise<readonly DescribedReplicas[]> {
  return askLeaders<PartitionName, LedPartition, DescribedReplicas>(cluster, partitions, options, {
    item: ({ partition }, topicId) => ({ topicId, partition }),
    async call(leaderId, items, limits) {
      const { results } = await cluster.callBroker(leaderId, adminService.describeReplicas, { partitions: [...items] }, limits);
      return results.map((result) => ({ topic, partition }) => {
        const { error } = result;
        return error === undefined
          ? { topic, partition, led: ledReplicas(leaderId, result), error: undefined }
          : failed({ topic, partition }, itemToError(error));
      });
    },
    failed,
  });
}

function ledReplicas(leaderId: number, result: PartitionReplicas): LedReplicas {
  const { leaderEpoch, logStartOffset, highWatermark, endOffset, sizeBytes } = result;
  const replicas = result.replicas.map(({ brokerId, inSync, endOffset: end, flushedOffset, lagRecords, lagMs }) => ({
    brokerId,
    inSync,
    endOffset: end,
    flushedOffset,
    lagRecords,
    lagMs,
  }));
  return { leaderId, leaderEpoch, logStartOffset, highWatermark, endOffset, sizeBytes, replicas };
}

function failed({ topic, partition }: PartitionName, error: MoldauError): DescribedReplicas {
  return { topic, partition, led: undefined, error };
}
