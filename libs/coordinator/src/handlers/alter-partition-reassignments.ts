import { alterConfigs, beginReassignment, cancelReassignment } from '@moldau/cluster';
import type { BrokerId } from '@moldau/kernel';
import type { AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse } from '@moldau/protocol';
import { alterEachPartition } from './alter-each-partition.ts';
import type { RequestContext } from './request-context.ts';

const THROTTLE = 'follower.replication.throttled.rate';

/** AlterPartitionReassignments: records where replicas shall be; the throttle first, so that no copying begins without it. */
export async function alterPartitionReassignments(
  request: AlterPartitionReassignmentsRequest,
  context: RequestContext,
): Promise<AlterPartitionReassignmentsResponse> {
  const { reassignments, throttleBytesPerSecond, dryRun } = request;
  if (throttleBytesPerSecond !== undefined) {
    const changes = new Map([[THROTTLE, String(throttleBytesPerSecond)]]);
    await context.controller.writer.change((image) => {
      const writes = alterConfigs(image, { kind: 'cluster' }, changes);
      return { writes: dryRun ? [] : writes, result: undefined };
    });
  }
  const results = await alterEachPartition(
    {
      items: reassignments,
      dryRun,
      selector: ({ partition }) => partition,
      decide: (image, { partition }, { replicas }) =>
        replicas === undefined
          ? cancelReassignment(partition, image.brokers)
          : beginReassignment(partition, replicas.brokerIds as BrokerId[], image.brokers),
    },
    context,
  );
  return { results };
}
