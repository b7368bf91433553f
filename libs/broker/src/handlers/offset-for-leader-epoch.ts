import { MoldauError } from '@moldau/kernel';
import {
  fetchService,
  type LeaderEpochQuery,
  type LeaderEpochResult,
  type OffsetForLeaderEpochRequest,
  type OffsetForLeaderEpochResponse,
} from '@moldau/protocol';
import type { PartitionLocator } from '../partition/partition-locator.ts';
import { assertCount, invalidField } from '../produce/produce-terms.ts';
import { type RegisteredMethod, unary } from '../request/registered-method.ts';
import type { RequestContext } from '../request/request-context.ts';

const QUERIES_MAX = 10_000;

/** `FetchService.OffsetForLeaderEpoch`: where an epoch ended in the leader's log (KIP-320). */
export function offsetForLeaderEpochMethod(locator: PartitionLocator): RegisteredMethod {
  return unary(fetchService.offsetForLeaderEpoch, async (request, context) => answerAll(locator, request, context));
}

function answerAll(locator: PartitionLocator, request: OffsetForLeaderEpochRequest, context: RequestContext): OffsetForLeaderEpochResponse {
  assertCount('queries', request.queries.length, QUERIES_MAX);
  return { results: request.queries.map((query) => answer(locator, query, context)) };
}

function answer(locator: PartitionLocator, query: LeaderEpochQuery, context: RequestContext): LeaderEpochResult {
  const { topicId, partition: index } = query;
  try {
    if (query.leaderEpoch < 0) throw invalidField('leader_epoch', query.leaderEpoch, '≥ 0');
    const { log } = locator.locate(topicId, index, context).leading(query.currentLeaderEpoch);
    const found = log.endOffsetFor(query.leaderEpoch);
    return { topicId, partition: index, leaderEpoch: found?.epoch, endOffset: found?.endOffset, error: undefined };
  } catch (caught) {
    const error = locator.toItem(MoldauError.from(caught), context);
    return { topicId, partition: index, leaderEpoch: undefined, endOffset: undefined, error };
  }
}
