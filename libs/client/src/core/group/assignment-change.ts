import type { AssignedPartitions, MembershipAssignment } from '@moldau/protocol';
import { GroupPartition, idKey } from './group-partition.ts';

/** What an assignment means for a member that holds certain partitions. */
export interface AssignmentChange {
  /** To be read. */
  readonly added: readonly GroupPartition[];
  /** To be given up; those that are being given up already are not among them. */
  readonly revoked: readonly GroupPartition[];
  /** Somebody else's. */
  readonly lost: readonly GroupPartition[];
}

export function changeOf(held: ReadonlyMap<string, GroupPartition>, assignment: MembershipAssignment): AssignmentChange {
  const assigned = byKey(assignment.assigned);
  const revoking = byKey(assignment.revoking);
  const holdings = [...held];
  return {
    added: [...assigned].flatMap(([key, partition]) => (held.has(key) || revoking.has(key) ? [] : [partition])),
    revoked: holdings.flatMap(([key, partition]) => (revoking.has(key) && partition.phase !== 'revoking' ? [partition] : [])),
    lost: holdings.flatMap(([key, partition]) => (assigned.has(key) || revoking.has(key) ? [] : [partition])),
  };
}

function byKey(topics: readonly AssignedPartitions[]): ReadonlyMap<string, GroupPartition> {
  const found = new Map<string, GroupPartition>();
  for (const { topicId, topicName, partitions } of topics) {
    for (const partition of partitions) {
      found.set(idKey(topicId, partition), new GroupPartition({ topic: topicName, partition }, topicId));
    }
  }
  return found;
}
