import type { ReplicaReport, ReportedReplica } from '@moldau/cluster';
import { isUuid, MoldauError, type PartitionIndex, partitionIndex, type TopicId } from '@moldau/kernel';
import type { ReplicaReport as WireReport } from '@moldau/protocol';

/** Replicas that one broker may report: as many as it could hold. */
const REPLICAS_MAX = 100_000;

/**
 * What a broker says of its replicas, by topic and partition.
 * @throws MoldauError INVALID_REQUEST
 */
export function parseReplicaReport(report: WireReport | undefined): ReplicaReport {
  const parsed = new Map<TopicId, Map<PartitionIndex, ReportedReplica>>();
  let count = 0;
  for (const { topicId, replicas } of report?.topics ?? []) {
    if (!isUuid(topicId)) throw malformed('topic_id', topicId);
    count += replicas.length;
    if (count > REPLICAS_MAX) throw malformed('replicas', `more than ${REPLICAS_MAX}`);
    const ofTopic = parsed.get(topicId as TopicId) ?? new Map<PartitionIndex, ReportedReplica>();
    for (const { partition, lastEpoch, endOffset, cut, damaged } of replicas) {
      if (partition < 0) throw malformed('partition', String(partition));
      if (lastEpoch < -1 || endOffset < 0) throw malformed('end', `${lastEpoch}, ${endOffset}`);
      ofTopic.set(partitionIndex(partition), { lastEpoch, endOffset, cut, damaged });
    }
    parsed.set(topicId as TopicId, ofTopic);
  }
  return parsed;
}

function malformed(field: string, value: string): MoldauError {
  return new MoldauError('INVALID_REQUEST', `registration: ${field} of the reported replicas '${value}' is not allowed`, { field, value });
}
