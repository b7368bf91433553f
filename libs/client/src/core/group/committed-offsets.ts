import { MoldauError, offset } from '@moldau/kernel';
import { type CommittedOffset, groupService, itemToError, type TopicIdPartitions } from '@moldau/protocol';
import { backoffMs } from '../backoff.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { delay } from '../delay.ts';
import type { CommittedPosition, GroupIdentity } from './group-types.ts';

/** Partitions in one request, as the protocol allows. */
const PARTITIONS_MAX = 10_000;

export interface CommittedQuery {
  readonly groupId: string;
  readonly partitions: readonly { readonly topic: string; readonly topicId: string; readonly partition: number }[];
  /** The member that asks; undefined: somebody else. */
  readonly member: GroupIdentity | undefined;
  /** Waits until no open transaction would commit another offset. */
  readonly stable: boolean;
  readonly signal?: AbortSignal | undefined;
  /** Default: the client's `requestTimeoutMs`. */
  readonly timeoutMs?: number;
}

/**
 * What is committed for these partitions, in their order.
 *
 * @throws MoldauError UNKNOWN_MEMBER, FENCED_MEMBER_EPOCH, OFFSET_UNSTABLE, REQUEST_TIMED_OUT, COORDINATOR_NOT_AVAILABLE,
 * COORDINATOR_LOADING; CANCELLED
 */
export async function fetchCommitted(cluster: Cluster, query: CommittedQuery): Promise<readonly CommittedPosition[]> {
  const { clock, scheduler, random } = cluster.ports;
  const deadlineMs = clock.monotonicMs() + (query.timeoutMs ?? cluster.settings.requestTimeoutMs);
  for (let attempt = 0; ; attempt++) {
    try {
      return await fetchOnce(cluster, query, Math.max(1, deadlineMs - clock.monotonicMs()));
    } catch (caught) {
      const error = MoldauError.from(caught);
      const pauseMs = backoffMs(random, attempt);
      if (error.reason !== 'OFFSET_UNSTABLE' || clock.monotonicMs() + pauseMs >= deadlineMs) throw error;
      await delay(scheduler, pauseMs, query.signal);
    }
  }
}

async function fetchOnce(cluster: Cluster, query: CommittedQuery, timeoutMs: number): Promise<readonly CommittedPosition[]> {
  const { groupId, partitions, member, stable: requireStable, signal } = query;
  const found = new Map<string, CommittedOffset>();
  for (let from = 0; from < partitions.length; from += PARTITIONS_MAX) {
    const request = {
      groupId,
      partitions: byTopic(partitions.slice(from, from + PARTITIONS_MAX)),
      requireStable,
      member: member === undefined ? undefined : { memberId: member.memberId, memberEpoch: member.memberEpoch },
      pageToken: '',
    };
    const { offsets } = await cluster.callAny(groupService.fetchOffsets, request, { timeoutMs, signal, repeatable: true });
    for (const each of offsets) {
      if (each.error !== undefined) throw itemToError(each.error);
      found.set(`${each.topicId}:${each.partition}`, each);
    }
  }
  return partitions.map(({ topic, topicId, partition }) => {
    const each = found.get(`${topicId}:${partition}`);
    return {
      topic,
      partition,
      offset: each?.offset === undefined ? undefined : offset(each.offset),
      leaderEpoch: each?.leaderEpoch,
      metadata: each?.metadata ?? '',
      committedAtMs: each?.committedAtMs,
    };
  });
}

function byTopic(partitions: CommittedQuery['partitions']): TopicIdPartitions[] {
  const topics = new Map<string, number[]>();
  for (const { topicId, partition } of partitions) {
    const indexes = topics.get(topicId) ?? [];
    topics.set(topicId, indexes);
    indexes.push(partition);
  }
  return [...topics].map(([topicId, indexes]) => ({ topicId, partitions: indexes }));
}
