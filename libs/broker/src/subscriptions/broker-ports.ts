import type { TopicIdPartitions } from '@moldau/protocol';
import type { ShardCalls } from '@moldau/shards';
import type { BrokerParts } from '../broker-parts.ts';
import { LedSource } from '../gateway/led-source.ts';
import { EdgeCalls } from '../groups/edge-calls.ts';
import { MemberSession } from '../groups/member-session.ts';
import { OffsetEnds } from '../groups/offset-ends.ts';
import type { HeldPartition } from './held-partition.ts';
import type { SubscriptionPorts } from './subscription-ports.ts';

/** Subscriptions as members at the owners of their groups, which read from the leaders of their partitions. */
export function subscriptionPorts(parts: BrokerParts, shards: ShardCalls): SubscriptionPorts {
  const { deps, settings, cluster, table, locator, peers, decoding, fetchShare: share, fetchMetrics: metrics } = parts;
  const { clock, scheduler, random, logger, compute } = deps;
  const { brokerId } = settings;
  const calls = new EdgeCalls(clock, shards);
  const ends = new OffsetEnds({ cluster, table, locator, peers, brokerId });
  const sources = { clock, scheduler, cluster, locator, peers, metrics, brokerId };
  return {
    ...{ clock, scheduler, random, logger, compute, share, decoding, metrics },
    member: (join, context, events) => new MemberSession({ scheduler, calls, ends }, join, context, events),
    async committed({ groupId, memberId }, memberEpoch, partitions, context) {
      const member = { memberId, memberEpoch };
      // What an open transaction is about to commit decides where to begin.
      const value = { groupId, partitions: byTopicId(partitions), requireStable: true, member, pageToken: '' };
      return (await calls.call(groupId, { $case: 'fetchOffsets', value }, context)).offsets;
    },
    source: ({ topicId, index }, isolation, context) => new LedSource(sources, topicId, index, { context, isolation }),
  };
}

function byTopicId(partitions: readonly HeldPartition[]): TopicIdPartitions[] {
  const topics = new Map<string, number[]>();
  for (const { topicId, index } of partitions) {
    const indexes = topics.get(topicId);
    if (indexes === undefined) topics.set(topicId, [index]);
    else indexes.push(index);
  }
  return [...topics].map(([topicId, indexes]) => ({ topicId, partitions: indexes }));
}
