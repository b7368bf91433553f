import { type PlannedReset, planReset, type ResetPosition, timeOfReset } from '@moldau/groups';
import { type Clock, MoldauError, type Offset, type PartitionIndex, type TopicId } from '@moldau/kernel';
import {
  errorToItem,
  type ItemError,
  type OffsetToCommit,
  type ResetGroupOffsetsRequest,
  type ResetResult,
  type ResetPosition as WirePosition,
} from '@moldau/protocol';
import type { ClusterState } from '../metadata/cluster-state.ts';
import type { RequestContext } from '../request/request-context.ts';
import type { EdgeCalls } from './edge-calls.ts';
import type { LeaderPositions, LogPositions } from './leader-positions.ts';
import { namedPartitions } from './named-partitions.ts';
import { unknownGroup } from './unknown-group.ts';

/** Partitions of one call to the group's owner. */
const PARTITIONS_PER_CALL = 10_000;

export interface GroupResetDeps {
  readonly clock: Clock;
  readonly cluster: ClusterState;
  readonly calls: EdgeCalls;
  readonly positions: LeaderPositions;
}

/** One partition on its way to another place. */
interface Row {
  readonly topic: string;
  readonly topicId: TopicId | undefined;
  readonly partition: PartitionIndex;
  from: number | undefined;
  to: number | undefined;
  error: ItemError | undefined;
}

type Committed = ReadonlyMap<string, number>;

/**
 * Resets committed offsets: looks up where logs stand, plans, and commits as somebody who is no member, which the owner of the
 * group refuses while it has members. Without that last step it is the dry run.
 */
export class GroupReset {
  readonly #deps: GroupResetDeps;

  constructor(deps: GroupResetDeps) {
    this.#deps = deps;
  }

  /** @throws MoldauError INVALID_REQUEST, UNKNOWN_GROUP, GROUP_NOT_EMPTY */
  async run(request: ResetGroupOffsetsRequest, context: RequestContext): Promise<ResetResult[]> {
    const { groupId, dryRun } = request;
    const position = positionOf(request.position);
    const known = await this.#assertEmpty(groupId, context);
    if (!known && request.partitions.length === 0) throw unknownGroup(groupId, context);
    const committed = known ? await this.#committed(groupId, context) : new Map<string, number>();
    const rows = this.#rows(request, committed, context);
    const open = rows.filter((row) => row.error === undefined);
    const places = open.flatMap(({ topicId, partition }) => (topicId === undefined ? [] : [{ topicId, partition }]));
    const found = await this.#deps.positions.find(places, timeOfReset(position, this.#deps.clock.wallMs()), context);
    for (const [at, row] of open.entries()) plan(row, found[at], position);
    if (!dryRun) await this.#commit(groupId, rows, context);
    return rows.map(toResult).sort((one, other) => {
      if (one.topic !== other.topic) return one.topic < other.topic ? -1 : 1;
      return one.partition - other.partition;
    });
  }

  /** Whether there is a group. */
  async #assertEmpty(groupId: string, context: RequestContext): Promise<boolean> {
    if (!this.#deps.calls.shards.exist('groups')) return false;
    try {
      const value = { groupId, membersOnly: true };
      const { members } = await this.#deps.calls.call(groupId, { $case: 'describeGroup', value }, context);
      if (members.length === 0) return true;
      const facts = { namespace: context.namespace, group: groupId, members: String(members.length) };
      throw new MoldauError('GROUP_NOT_EMPTY', `group '${groupId}' has ${members.length} members`, facts);
    } catch (caught) {
      if (caught instanceof MoldauError && caught.reason === 'UNKNOWN_GROUP') return false;
      throw caught;
    }
  }

  async #committed(groupId: string, context: RequestContext): Promise<Committed> {
    const committed = new Map<string, number>();
    let pageToken = '';
    do {
      const value = { groupId, partitions: [], requireStable: false, pageToken };
      const answer = await this.#deps.calls.call(groupId, { $case: 'fetchOffsets', value }, context);
      for (const { topicId, partition, offset } of answer.offsets) {
        if (offset !== undefined) committed.set(`${topicId}/${partition}`, offset);
      }
      pageToken = answer.nextPageToken;
    } while (pageToken !== '');
    return committed;
  }

  /** What was named, or all that has an offset and is still there. */
  #rows({ partitions }: ResetGroupOffsetsRequest, committed: Committed, { namespace }: RequestContext): Row[] {
    const { image } = this.#deps.cluster;
    if (partitions.length > 0) {
      return namedPartitions(image, namespace, partitions).map(({ topic, topicId, partition, error }) => {
        return {
          topic,
          topicId,
          partition,
          from: committed.get(`${topicId}/${partition}`),
          to: undefined,
          error: error && errorToItem(error),
        };
      });
    }
    return [...committed].flatMap(([key, from]): Row[] => {
      const [id = '', index = ''] = key.split('/');
      const topic = image.topics.get(id as TopicId);
      if (topic === undefined || topic.state === 'deleting') return [];
      return [
        { topic: topic.name, topicId: topic.topicId, partition: Number(index) as PartitionIndex, from, to: undefined, error: undefined },
      ];
    });
  }

  async #commit(groupId: string, rows: readonly Row[], context: RequestContext): Promise<void> {
    const planned = rows.filter((row) => row.to !== undefined);
    for (let from = 0; from < planned.length; from += PARTITIONS_PER_CALL) {
      const some = planned.slice(from, from + PARTITIONS_PER_CALL);
      const offsets = some.map(({ topicId = '', partition, to = 0 }): OffsetToCommit => ({ topicId, partition, offset: to, metadata: '' }));
      const { results } = await this.#deps.calls.call(groupId, { $case: 'commitOffsets', value: { groupId, offsets } }, context);
      for (const [at, row] of some.entries()) row.error = results[at]?.error;
    }
  }
}

function plan(row: Row, found: LogPositions | MoldauError | undefined, position: ResetPosition): void {
  const { topicId, partition } = row;
  if (found === undefined || topicId === undefined) return;
  try {
    if (found instanceof MoldauError) throw found;
    const atTime = found.atTime === undefined ? undefined : { offset: found.atTime, leaderEpoch: undefined };
    const input = { topicId, partition, committed: row.from as Offset | undefined, logStart: found.logStart, logEnd: found.logEnd, atTime };
    const [planned]: readonly (PlannedReset | undefined)[] = planReset(position, [input]);
    row.to = planned?.to;
  } catch (caught) {
    if (!(caught instanceof MoldauError)) throw caught;
    row.error = errorToItem(caught);
  }
}

function toResult({ topic, partition, from, to, error }: Row): ResetResult {
  return { topic, partition, fromOffset: from, toOffset: error === undefined ? to : undefined, error };
}

/** @throws MoldauError INVALID_REQUEST */
function positionOf(wire: WirePosition | undefined): ResetPosition {
  const position = wire?.position;
  switch (position?.$case) {
    case 'earliest':
      return { to: 'earliest' };
    case 'latest':
      return { to: 'latest' };
    case 'offset':
      return { to: 'offset', offset: whole('offset', position.value, 0) };
    case 'timestampMs':
      return { to: 'timestamp', timestampMs: whole('timestamp_ms', position.value, 0) };
    case 'shift':
      return { to: 'shift', by: whole('shift', position.value, Number.MIN_SAFE_INTEGER) };
    case 'agoMs':
      return { to: 'duration', durationMs: whole('ago_ms', position.value, 0) };
    case undefined:
      throw new MoldauError('INVALID_REQUEST', 'a reset names no position', { field: 'position' });
  }
}

function whole(field: string, value: number, min: number): number {
  if (Number.isSafeInteger(value) && value >= min) return value;
  const limit = `a whole number, at least ${min}`;
  throw new MoldauError('INVALID_REQUEST', `${field} is ${value}; allowed: ${limit}`, { field, value: String(value), limit });
}
