import { type Clock, MoldauError } from '@moldau/kernel';
import {
  adminService,
  type DescribeReplicasRequest,
  type DescribeReplicasResponse,
  type LedPartition,
  type PartitionReplicas,
  type ReplicaState,
} from '@moldau/protocol';
import type { ReplicaProgress } from '@moldau/replication';
import type { PartitionLocator } from '../partition/partition-locator.ts';
import type { PartitionLog } from '../partition/partition-log.ts';
import { assertCount } from '../produce/produce-terms.ts';
import { type RegisteredMethod, unary } from '../request/registered-method.ts';
import type { RequestContext } from '../request/request-context.ts';

const PARTITIONS_MAX = 10_000;

/** `AdminService.DescribeReplicas`: where the replicas of partitions stand that this broker leads. It asks nobody else. */
export function describeReplicasMethod(clock: Clock, locator: PartitionLocator): RegisteredMethod {
  return unary(adminService.describeReplicas, async (request: DescribeReplicasRequest, context): Promise<DescribeReplicasResponse> => {
    assertCount('partitions', request.partitions.length, PARTITIONS_MAX);
    const nowMs = clock.monotonicMs();
    return { results: request.partitions.map((asked) => describe(locator, asked, context, nowMs)) };
  });
}

function describe(locator: PartitionLocator, asked: LedPartition, context: RequestContext, nowMs: number): PartitionReplicas {
  const { topicId, partition } = asked;
  try {
    const { log, leadership } = locator.locate(topicId, partition, context).leading(undefined);
    return {
      topicId,
      partition,
      leaderEpoch: leadership.epoch,
      logStartOffset: log.startOffset,
      highWatermark: leadership.highWatermark,
      endOffset: log.endOffset,
      sizeBytes: log.sizeBytes,
      replicas: leadership.replicas.progress().map((progress) => replicaState(progress, log, nowMs)),
      error: undefined,
    };
  } catch (caught) {
    const error = locator.toItem(MoldauError.from(caught), context);
    const nothing = { leaderEpoch: 0, logStartOffset: 0, highWatermark: 0, endOffset: 0, sizeBytes: 0, replicas: [] };
    return { topicId, partition, ...nothing, error };
  }
}

function replicaState({ brokerId, inIsr, ends, lastCaughtUpMs }: ReplicaProgress, log: PartitionLog, nowMs: number): ReplicaState {
  const lagRecords = log.endOffset - Math.max(log.startOffset, ends?.receivedEnd ?? log.startOffset);
  const isComplete = ends !== undefined && lagRecords <= 0;
  return {
    brokerId,
    inSync: inIsr,
    endOffset: ends?.receivedEnd,
    flushedOffset: ends?.flushedEnd,
    lagRecords: Math.max(0, lagRecords),
    lagMs: isComplete || lastCaughtUpMs > nowMs ? 0 : Math.round(nowMs - lastCaughtUpMs),
  };
}
