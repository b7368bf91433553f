import { MoldauError, type Offset } from '@moldau/kernel';
import {
  adminService,
  type DeleteRecordsPartition,
  type DeleteRecordsRequest,
  type DeleteRecordsResponse,
  type DeleteRecordsResult,
} from '@moldau/protocol';
import { internalTopic } from '../partition/append-checks.ts';
import type { PartitionLocator } from '../partition/partition-locator.ts';
import { assertCount } from '../produce/produce-terms.ts';
import { type RegisteredMethod, unary } from '../request/registered-method.ts';
import type { RequestContext } from '../request/request-context.ts';

const PARTITIONS_MAX = 10_000;
/** Partitions whose start is moved at once: each writes a small file. */
const DELETIONS_AT_ONCE = 8;

/** `AdminService.DeleteRecords`: moves the start of logs that this broker leads, up to the high watermark. */
export function deleteRecordsMethod(locator: PartitionLocator): RegisteredMethod {
  return unary(adminService.deleteRecords, (request, context) => deleteRecords(locator, request, context));
}

async function deleteRecords(
  locator: PartitionLocator,
  request: DeleteRecordsRequest,
  context: RequestContext,
): Promise<DeleteRecordsResponse> {
  assertCount('partitions', request.partitions.length, PARTITIONS_MAX);
  const results: DeleteRecordsResult[] = [];
  for (let at = 0; at < request.partitions.length; at += DELETIONS_AT_ONCE) {
    const some = request.partitions.slice(at, at + DELETIONS_AT_ONCE);
    results.push(...(await Promise.all(some.map((asked) => answer(locator, asked, request.dryRun, context)))));
  }
  return { results };
}

async function answer(
  locator: PartitionLocator,
  asked: DeleteRecordsPartition,
  dryRun: boolean,
  context: RequestContext,
): Promise<DeleteRecordsResult> {
  const { topicId, partition: index } = asked;
  try {
    const partition = locator.locate(topicId, index, context);
    const { log, leadership } = partition.leading(undefined);
    if (partition.settings.internal) throw internalTopic(partition);
    const before = newStart(asked, log.startOffset, leadership.highWatermark);
    const logStartOffset = dryRun || before <= log.startOffset ? log.startOffset : await log.deleteRecordsBefore(before);
    return { topicId, partition: index, logStartOffset, error: undefined };
  } catch (caught) {
    return { topicId, partition: index, logStartOffset: undefined, error: locator.toItem(MoldauError.from(caught), context) };
  }
}

function newStart({ before, topicId, partition }: DeleteRecordsPartition, first: Offset, highWatermark: Offset): Offset {
  if (before === undefined || (before.$case === 'all' && !before.value)) {
    throw new MoldauError('INVALID_REQUEST', 'a partition says neither before_offset nor all', { field: 'before' });
  }
  if (before.$case === 'all') return highWatermark;
  const { value } = before;
  if (Number.isSafeInteger(value) && value >= 0 && value <= highWatermark) return value as Offset;
  const facts = { topic_id: topicId, partition: String(partition), value: String(value) };
  const ends = { first_offset: String(first), end_offset: String(highWatermark) };
  throw new MoldauError('OFFSET_OUT_OF_RANGE', `before_offset is ${value}; the log has ${first} … ${highWatermark}`, { ...facts, ...ends });
}
