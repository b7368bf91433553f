import { MoldauError, type Offset } from '@moldau/kernel';
import {
  fetchService,
  type ListOffsetsRequest,
  type ListOffsetsResponse,
  type OffsetQuery,
  type OffsetQueryResult,
} from '@moldau/protocol';
import { type ReadIsolation, readIsolation } from '../fetch/isolation.ts';
import { visibleEnd, visibleEnds } from '../fetch/visible-read.ts';
import type { Partition } from '../partition/partition.ts';
import type { PartitionLocator } from '../partition/partition-locator.ts';
import { assertCount } from '../produce/produce-terms.ts';
import { type RegisteredMethod, unary } from '../request/registered-method.ts';
import type { RequestContext } from '../request/request-context.ts';

const QUERIES_MAX = 10_000;
/** Lookups by time read from disk; this many run at once for one request. */
const LOOKUPS_AT_ONCE = 8;

/** A position found: what a query asks for, of a partition. */
export interface FoundOffset {
  readonly offset: Offset | undefined;
  readonly timestampMs: number | undefined;
  readonly leaderEpoch: number | undefined;
}

/** What to look for. */
export type SoughtPosition = NonNullable<OffsetQuery['position']>;

/** `FetchService.ListOffsets`: the earliest, the latest, the first at or after a time, the newest by time. */
export function listOffsetsMethod(locator: PartitionLocator): RegisteredMethod {
  return unary(fetchService.listOffsets, (request, context) => listOffsets(locator, request, context));
}

async function listOffsets(locator: PartitionLocator, request: ListOffsetsRequest, context: RequestContext): Promise<ListOffsetsResponse> {
  assertCount('queries', request.queries.length, QUERIES_MAX);
  const isolation = readIsolation(request.isolation);
  const results: OffsetQueryResult[] = [];
  for (let at = 0; at < request.queries.length; at += LOOKUPS_AT_ONCE) {
    const some = request.queries.slice(at, at + LOOKUPS_AT_ONCE);
    results.push(...(await Promise.all(some.map((query) => answer(locator, query, isolation, context)))));
  }
  return { results };
}

async function answer(
  locator: PartitionLocator,
  query: OffsetQuery,
  isolation: ReadIsolation,
  context: RequestContext,
): Promise<OffsetQueryResult> {
  const { topicId, partition: index, position } = query;
  try {
    if (position === undefined) throw new MoldauError('INVALID_REQUEST', 'a query names no position', { field: 'position' });
    const partition = locator.locate(topicId, index, context);
    const found = await findOffset(partition, position, query.leaderEpoch, isolation);
    return { topicId, partition: index, ...found, error: undefined };
  } catch (caught) {
    const error = locator.toItem(MoldauError.from(caught), context);
    return { topicId, partition: index, offset: undefined, timestampMs: undefined, leaderEpoch: undefined, error };
  }
}

/**
 * The offset of a position in what readers may see. A new leader answers only once its high watermark has reached the
 * start of its epoch: before, it could name an end below one that was shown.
 *
 * @throws MoldauError those of leadership, LEADER_NOT_AVAILABLE
 */
export async function findOffset(
  partition: Partition,
  position: SoughtPosition,
  claimedEpoch: number | undefined,
  isolation: ReadIsolation,
): Promise<FoundOffset> {
  const { log, leadership } = partition.leading(claimedEpoch);
  if (position.$case === 'earliest') return { offset: log.startOffset, timestampMs: undefined, leaderEpoch: undefined };
  if (leadership.highWatermark < leadership.epochStart) {
    const facts = { topic_id: partition.topicId, partition: String(partition.index) };
    throw new MoldauError('LEADER_NOT_AVAILABLE', 'the new leader does not know yet how far the log is confirmed', facts);
  }
  const upTo = visibleEnd(visibleEnds(partition, claimedEpoch), isolation);
  switch (position.$case) {
    case 'latest':
      return { offset: upTo, timestampMs: undefined, leaderEpoch: leadership.epoch };
    case 'timestampMs':
    case 'maxTimestamp': {
      const found = position.$case === 'timestampMs' ? await log.offsetForTimestamp(position.value, upTo) : await log.maxTimestamp(upTo);
      return { offset: found?.offset, timestampMs: found?.timestamp, leaderEpoch: found?.leaderEpoch };
    }
  }
}
