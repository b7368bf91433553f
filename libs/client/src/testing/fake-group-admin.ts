import { type CallHandler, type MethodPath, MoldauError } from '@moldau/kernel';
import { adminService, errorToItem, GroupState, GroupType, unaryHandler } from '@moldau/protocol';
import type { FakeCluster } from './fake-cluster.ts';
import type { FakeGroup } from './fake-group.ts';

/** What AdminService says and does of groups. */
export function fakeGroupAdminHandlers(cluster: FakeCluster): [MethodPath, CallHandler][] {
  const { listGroups, describeGroups, deleteGroups, resetGroupOffsets } = adminService;
  const refusal = (groupId: string): MoldauError | undefined => {
    const group = cluster.groups.get(groupId);
    if (group === undefined) return new MoldauError('UNKNOWN_GROUP', `no group '${groupId}'`);
    return group.members.size > 0 ? new MoldauError('GROUP_NOT_EMPTY', `group '${groupId}' has members`) : undefined;
  };
  return [
    [
      listGroups.path,
      unaryHandler(listGroups, async ({ pageSize = 1000, pageToken }) => {
        const from = Number(pageToken);
        const all = [...cluster.groups]
          .sort(([one], [other]) => (one < other ? -1 : 1))
          .map(([groupId, group]) => ({ groupId, ...standing(group) }));
        const groups = all.slice(from, from + pageSize).map(({ groupId, type, state, members }) => ({ groupId, type, state, members }));
        return { groups, nextPageToken: from + pageSize < all.length ? String(from + pageSize) : '' };
      }),
    ],
    [
      describeGroups.path,
      unaryHandler(describeGroups, async ({ groupIds }) => ({
        results: groupIds.map((groupId) => {
          const group = cluster.groups.get(groupId);
          if (group === undefined) return { groupId, error: errorToItem(new MoldauError('UNKNOWN_GROUP', `no group '${groupId}'`)) };
          return { groupId, group: description(cluster, groupId, group) };
        }),
      })),
    ],
    [
      deleteGroups.path,
      unaryHandler(deleteGroups, async ({ groupIds, dryRun }) => ({
        results: groupIds.map((groupId) => {
          const error = refusal(groupId);
          if (error === undefined && !dryRun) cluster.groups.delete(groupId);
          return error === undefined ? { groupId } : { groupId, error: errorToItem(error) };
        }),
      })),
    ],
    [
      resetGroupOffsets.path,
      unaryHandler(resetGroupOffsets, async ({ groupId, position, dryRun }) => {
        const error = refusal(groupId);
        if (error !== undefined) throw error;
        const group = cluster.group(groupId);
        const to = position?.position?.$case === 'offset' ? position.position.value : 0;
        const results = [...group.committed].map(([key, before]) => {
          const [topicId = '', partition] = key.split(':');
          if (!dryRun) group.committed.set(key, { ...before, offset: to });
          const topic = [...cluster.topics.values()].find((each) => each.topicId === topicId)?.name ?? '';
          return { topic, partition: Number(partition), fromOffset: before.offset, toOffset: to };
        });
        return { results };
      }),
    ],
  ];
}

function standing({ members }: FakeGroup) {
  const state = members.size === 0 ? GroupState.EMPTY : GroupState.STABLE;
  return { type: GroupType.CONSUMER, state, members: members.size };
}

function description(cluster: FakeCluster, groupId: string, group: FakeGroup) {
  const partitions = [...group.committed].map(([key, { offset, metadata }]) => {
    const [topicId = '', index] = key.split(':');
    const partition = Number(index);
    const endOffset = cluster.partition(topicId, partition).end;
    const topicName = [...cluster.topics.values()].find((each) => each.topicId === topicId)?.name ?? '';
    const lag = { committedOffset: offset, endOffset, lagRecords: endOffset - offset };
    return { topicId, topicName, partition, ...lag, metadata, memberId: '' };
  });
  const { type, state } = standing(group);
  const fixed = { groupEpoch: 1, assignmentEpoch: 1, assignor: 'sticky', shard: 3, coordinatorId: 'c1' };
  return { groupId, type, state, ...fixed, members: [], partitions };
}
