import type { GroupRef } from '@moldau/groups';
import { type CoordinatorId, MoldauError, type ProducerEpoch, type ProducerId } from '@moldau/kernel';
import {
  type CallOrigin,
  type CommitOffsetsRequest,
  type CommitOffsetsResponse,
  type CommitTransactionOffsetsRequest,
  type CommitTransactionOffsetsResponse,
  type DeleteShardGroup,
  type DeleteShardOffsets,
  type DescribeShardGroup,
  type EndStagedOffsets,
  type FetchOffsetsRequest,
  type FetchOffsetsResponse,
  type GroupDescription,
  type ListShard,
  type ShardGroups,
  TransactionOutcome,
} from '@moldau/protocol';
import type { ShardHandle } from '@moldau/shards';
import { type GroupMachine, looking, perform } from './group-machine.ts';
import type { GroupViews } from './group-views.ts';
import { commitRequestOf, groupOf, partitionsOf, toCommitted, toDescription, toListing, toResults } from './group-wire.ts';
import type { LagMeter } from './lag-meter.ts';
import { withOffsets } from './offsets-description.ts';

/** Offsets of one answer unless the request says otherwise, and at most. */
const OFFSETS_PAGE_MAX = 10_000;
/** Groups of one answer at most. */
const GROUPS_PAGE_MAX = 10_000;

/** What a call is made with. */
export interface GroupCall {
  readonly shard: ShardHandle<GroupMachine>;
  readonly origin: CallOrigin | undefined;
  readonly timeoutMs: number;
}

export interface GroupCallsDeps {
  readonly views: GroupViews;
  readonly lag: LagMeter;
  readonly coordinatorId: CoordinatorId;
}

/** The calls of brokers, and of owners of transactions, to a shard of groups. Each answers once what it says is committed. */
export class GroupCalls {
  readonly #deps: GroupCallsDeps;

  constructor(deps: GroupCallsDeps) {
    this.#deps = deps;
  }

  /** @throws MoldauError INVALID_GROUP_ID, UNKNOWN_MEMBER, FENCED_MEMBER_EPOCH, GROUP_NOT_EMPTY, INVALID_REQUEST */
  async commitOffsets(call: GroupCall, request: CommitOffsetsRequest): Promise<CommitOffsetsResponse> {
    const commit = commitRequestOf(call.origin, request);
    return { results: toResults(await perform(call.shard, call.timeoutMs, (shard, now) => shard.commitOffsets(now, commit))) };
  }

  /** @throws MoldauError UNKNOWN_MEMBER, FENCED_MEMBER_EPOCH, INVALID_REQUEST */
  async fetchOffsets(call: GroupCall, request: FetchOffsetsRequest): Promise<FetchOffsetsResponse> {
    const pageSize = request.pageSize ?? OFFSETS_PAGE_MAX;
    const all = request.partitions.length === 0;
    const count = request.partitions.reduce((sum, { partitions }) => sum + partitions.length, 0);
    if (!(pageSize >= 1 && pageSize <= OFFSETS_PAGE_MAX) || count > OFFSETS_PAGE_MAX) {
      const facts = { field: all ? 'page_size' : 'partitions', value: String(all ? pageSize : count), limit: `1 … ${OFFSETS_PAGE_MAX}` };
      throw new MoldauError('INVALID_REQUEST', `${facts.field} is ${facts.value}; allowed: ${facts.limit}`, facts);
    }
    const fetch = {
      group: groupOf(call.origin, request.groupId),
      partitions: all ? undefined : partitionsOf(request.partitions),
      stable: request.requireStable,
      member: request.member,
    };
    const fetched = await perform(
      call.shard,
      call.timeoutMs,
      looking((shard) => shard.fetchOffsets(fetch)),
    );
    const offsets = fetched.map((each) => toCommitted(each, this.#deps.views.topics));
    if (!all) return { offsets, nextPageToken: '' };
    const keyed = offsets.map((each) => ({ key: pageKey(each), each })).filter(({ key }) => key > request.pageToken);
    keyed.sort((one, other) => (one.key < other.key ? -1 : 1));
    const page = keyed.slice(0, pageSize);
    return { offsets: page.map(({ each }) => each), nextPageToken: keyed.length > pageSize ? (page.at(-1)?.key ?? '') : '' };
  }

  /** @throws MoldauError those of `commitOffsets`, FENCED_PRODUCER, CONCURRENT_CHANGE */
  async stageOffsets(call: GroupCall, request: CommitTransactionOffsetsRequest): Promise<CommitTransactionOffsetsResponse> {
    const { session } = request;
    if (session === undefined) throw new MoldauError('INVALID_REQUEST', 'a request names no session', { field: 'session' });
    const producer = { producerId: session.producerId as ProducerId, producerEpoch: session.producerEpoch as ProducerEpoch };
    const stage = { ...commitRequestOf(call.origin, request), ...producer };
    return { results: toResults(await perform(call.shard, call.timeoutMs, (shard, now) => shard.stageOffsets(now, stage))) };
  }

  /** @throws MoldauError FENCED_PRODUCER, FENCED_SHARD, INVALID_REQUEST */
  async endStagedOffsets(call: GroupCall, request: EndStagedOffsets): Promise<undefined> {
    const end = {
      producerId: request.producerId as ProducerId,
      producerEpoch: request.producerEpoch as ProducerEpoch,
      shardEpoch: request.shardEpoch,
      outcome: outcomeOf(request.outcome),
    };
    return perform(call.shard, call.timeoutMs, (shard, now) => shard.endTransaction(now, end));
  }

  async listGroups(call: GroupCall, { after, limit }: ListShard): Promise<ShardGroups> {
    const { namespace } = groupOf(call.origin, '');
    const listed = await perform(
      call.shard,
      call.timeoutMs,
      looking((shard) => {
        const found = [...shard.list()].filter(({ group }) => group.namespace === namespace && group.groupId > after);
        found.sort((one, other) => (one.group.groupId < other.group.groupId ? -1 : 1));
        return found.slice(0, Math.min(Math.max(limit, 1), GROUPS_PAGE_MAX)).map(toListing);
      }),
    );
    return { groups: listed };
  }

  /** @throws MoldauError UNKNOWN_GROUP */
  async describeGroup(call: GroupCall, request: DescribeShardGroup): Promise<GroupDescription> {
    const { views, lag, coordinatorId } = this.#deps;
    const group = groupOf(call.origin, request.groupId);
    const { described, offsets } = await perform(
      call.shard,
      call.timeoutMs,
      looking((shard) => ({ described: shard.describe(group), offsets: request.membersOnly ? [] : offsetsOfGroup(shard, group) })),
    );
    const description = { ...toDescription(described, views.topics), shard: call.shard.index, coordinatorId };
    if (request.membersOnly) return description;
    const partitions = await withOffsets({ described, offsets, topics: views.topics, lag });
    return { ...description, partitions };
  }

  /** @throws MoldauError UNKNOWN_GROUP, GROUP_NOT_EMPTY, CONCURRENT_CHANGE */
  async deleteGroup(call: GroupCall, { groupId, dryRun }: DeleteShardGroup): Promise<undefined> {
    const group = groupOf(call.origin, groupId);
    return perform(call.shard, call.timeoutMs, (shard, now) => shard.deleteGroup(now, group, { dryRun }));
  }

  /** @throws MoldauError UNKNOWN_GROUP */
  async deleteOffsets(call: GroupCall, { groupId, partitions, dryRun }: DeleteShardOffsets): Promise<CommitOffsetsResponse> {
    const group = groupOf(call.origin, groupId);
    const asked = partitionsOf(partitions);
    return {
      results: toResults(await perform(call.shard, call.timeoutMs, (shard, now) => shard.deleteOffsets(now, group, asked, { dryRun }))),
    };
  }
}

function offsetsOfGroup(shard: GroupMachine['shard'], group: GroupRef): ReturnType<GroupMachine['shard']['fetchOffsets']> {
  return shard.fetchOffsets({ group, partitions: undefined, stable: false, member: undefined });
}

/** Orders by topic and partition, as text. */
function pageKey({ topicId, partition }: { readonly topicId: string; readonly partition: number }): string {
  return `${topicId}/${String(partition).padStart(10, '0')}`;
}

function outcomeOf(outcome: TransactionOutcome): 'commit' | 'abort' {
  switch (outcome) {
    case TransactionOutcome.COMMIT:
      return 'commit';
    case TransactionOutcome.ABORT:
      return 'abort';
    case TransactionOutcome.UNSPECIFIED:
    case TransactionOutcome.UNRECOGNIZED:
      throw new MoldauError('INVALID_REQUEST', 'an end of a transaction has an outcome', { field: 'outcome', value: String(outcome) });
  }
}
