import type { TopicId } from '@moldau/kernel';
import { TransactionOutcome } from '@moldau/protocol';
import { describe, expect, it } from 'vitest';
import { CONTEXT, GroupShardFixture, offsetOf, TOPIC_ID } from '../testing/group-shard-fixture.ts';

const OTHER_TOPIC = '22222222-2222-4222-8222-222222222222' as TopicId;

async function twoMembers(): Promise<GroupShardFixture> {
  const fixture = new GroupShardFixture();
  await fixture.join(1, 'a');
  await fixture.join(2, 'b');
  await fixture.settle();
  return fixture;
}

function commit(fixture: GroupShardFixture, offset: number, partition: number, member?: { memberId: string; memberEpoch: number }) {
  const request = { groupId: 'readers', member, offsets: [offsetOf(partition, offset)] };
  return fixture.definition.calls.commitOffsets?.(fixture.shard, request, CONTEXT);
}

async function committed(fixture: GroupShardFixture, partition: number): Promise<number | string | undefined> {
  const partitions = [{ topicId: TOPIC_ID, partitions: [partition] }];
  const request = { groupId: 'readers', partitions, requireStable: true, pageToken: '' };
  const answer = await fixture.definition.calls.fetchOffsets?.(fixture.shard, request, CONTEXT);
  return answer?.offsets[0]?.error?.reason ?? answer?.offsets[0]?.offset;
}

describe('members of groups at the owner of their shard', () => {
  it('share the partitions, each with one of them, once those that give some up have said so', async () => {
    const fixture = new GroupShardFixture();
    await fixture.join(1, 'a');
    expect(fixture.partitions(1)).toEqual([0, 1, 2, 3]);
    await fixture.join(2, 'b');
    expect(fixture.assignment(1).revoking).toHaveLength(2);
    expect(fixture.partitions(2)).toEqual([]);
    await fixture.beat(1, fixture.epoch(1));
    expect([...fixture.partitions(1), ...fixture.partitions(2)].sort()).toEqual([0, 1, 2, 3]);
    expect(fixture.partitions(2)).toHaveLength(2);
  });

  it('are told nothing before it is committed', async () => {
    const fixture = new GroupShardFixture();
    fixture.shard.hold();
    await fixture.join(1, 'a');
    expect(fixture.notices.size).toBe(0);
    fixture.shard.release();
    await fixture.pass(200);
    expect(fixture.partitions(1)).toEqual([0, 1, 2, 3]);
  });

  it('that fall silent lose their partitions to the others when the session is over', async () => {
    const fixture = new GroupShardFixture();
    fixture.configure('readers', [
      ['session.timeout.ms', '6000'],
      ['heartbeat.interval.ms', '1000'],
    ]);
    await fixture.join(1, 'a');
    await fixture.join(2, 'b');
    await fixture.settle();
    for (let second = 0; second < 8; second++) {
      await fixture.beat(1, fixture.epoch(1));
      await fixture.pass(800);
    }
    expect(fixture.ended(2)).toBe('MEMBER_SESSION_EXPIRED');
    expect(fixture.partitions(1)).toEqual([0, 1, 2, 3]);
  });

  it('leave at once', async () => {
    const fixture = await twoMembers();
    fixture.say(2, { $case: 'leave', value: { returning: false } });
    await fixture.pass(200);
    expect(fixture.ended(2)).toBe('left');
    expect(fixture.partitions(1)).toEqual([0, 1, 2, 3]);
  });

  it('go on where they were at the next owner of the shard, with the epoch that they carried out', async () => {
    const fixture = await twoMembers();
    const before = fixture.partitions(1);
    const memberEpoch = fixture.epoch(1);
    fixture.moveShard();
    expect(fixture.ended(1)).toBe('NOT_SHARD_OWNER');
    await fixture.join(3, 'a', { memberEpoch });
    expect(fixture.partitions(3)).toEqual(before);
    expect(fixture.epoch(3)).toBe(memberEpoch);
  });

  it('that come back after their session are no members any more', async () => {
    const fixture = await twoMembers();
    fixture.say(2, { $case: 'leave', value: { returning: false } });
    await fixture.join(3, 'b', { memberEpoch: fixture.epoch(2) });
    expect(fixture.ended(3)).toBe('UNKNOWN_MEMBER');
  });

  it('have one connection, the last', async () => {
    const fixture = await twoMembers();
    await fixture.join(3, 'a', { memberEpoch: fixture.epoch(1) });
    expect(fixture.ended(1)).toBe('MEMBER_MOVED');
    expect(fixture.partitions(3)).toHaveLength(2);
  });

  it('are not taken back by a broker that has not noticed that they are elsewhere', async () => {
    const fixture = await twoMembers();
    const memberEpoch = fixture.epoch(1);
    await fixture.join(3, 'a', { memberEpoch, attempt: 2 });
    await fixture.join(1, 'a', { memberEpoch, attempt: 1 });
    expect(fixture.ended(1)).toBe('FENCED_INSTANCE');
    expect(fixture.ended(3)).toBeUndefined();
    await fixture.join(3, 'a', { memberEpoch, attempt: 2 });
    expect(fixture.ended(3)).toBeUndefined();
    // Nor while nobody is connected, nor after a move of the shard, which the group does not forget.
    fixture.moveShard();
    await fixture.join(4, 'a', { memberEpoch, attempt: 1 });
    await fixture.join(5, 'a', { memberEpoch, attempt: 2 });
    expect([fixture.ended(4), fixture.ended(5)]).toEqual(['FENCED_INSTANCE', undefined]);
  });

  it('have a whole session from the break of the stream of their broker', async () => {
    const fixture = await twoMembers();
    await fixture.pass(40_000);
    fixture.members.closed(fixture.stream);
    await fixture.pass(40_000);
    const described = await fixture.definition.calls.describeGroup?.(fixture.shard, { groupId: 'readers', membersOnly: true }, CONTEXT);
    expect(described?.members.map(({ memberId }) => memberId)).toEqual(['a', 'b']);
  });

  it('hear of new topics that match and of changed settings', async () => {
    const fixture = new GroupShardFixture();
    await fixture.join(1, 'a', { pattern: 'f.*' });
    fixture.putTopic('fares', OTHER_TOPIC, 2);
    fixture.configure('readers', [['processing.interval.ms', '5000']]);
    await fixture.pass(500);
    expect(fixture.partitions(1)).toHaveLength(6);
    const settings = fixture.notices.get(1)?.flatMap((notice) => (notice.$case === 'settings' ? [notice.value.processingIntervalMs] : []));
    expect(settings).toEqual([5_000]);
  });

  it('are refused an expression that is none, and one that would explode takes no time', async () => {
    const fixture = new GroupShardFixture();
    await fixture.join(1, 'a', { pattern: '(' });
    expect(fixture.ended(1)).toBe('INVALID_TOPIC_PATTERN');
    fixture.putTopic(`${'a'.repeat(200)}b`, OTHER_TOPIC, 1);
    await fixture.join(2, 'b', { pattern: '(a+)+$' });
    expect(fixture.partitions(2)).toEqual([]);
  });
});

describe('committed offsets', () => {
  it('of a member are taken for what it owns, in the epochs of its ownership, and for nothing else', async () => {
    const fixture = await twoMembers();
    const [mine = -1] = fixture.partitions(1);
    const [other = -1] = fixture.partitions(2);
    const member = { memberId: 'a', memberEpoch: fixture.epoch(1) };
    expect((await commit(fixture, 7, mine, member))?.results[0]?.error).toBeUndefined();
    expect((await commit(fixture, 7, other, member))?.results[0]?.error?.reason).toBe('NOT_PARTITION_OWNER');
    expect((await commit(fixture, -1, mine, member))?.results[0]?.error?.reason).toBe('INVALID_REQUEST');
    expect((await commit(fixture, 7, -3, member))?.results[0]?.error?.reason).toBe('UNKNOWN_PARTITION');
    await expect(commit(fixture, 8, mine, { memberId: 'a', memberEpoch: 99 })).rejects.toMatchObject({ reason: 'FENCED_MEMBER_EPOCH' });
    await expect(commit(fixture, 8, mine, { memberId: 'c', memberEpoch: 1 })).rejects.toMatchObject({ reason: 'UNKNOWN_MEMBER' });
    await expect(commit(fixture, 8, mine)).rejects.toMatchObject({ reason: 'GROUP_NOT_EMPTY' });
    expect(await committed(fixture, mine)).toBe(7);
    expect(await committed(fixture, other)).toBeUndefined();
  });

  it('come over the stream of the member, too', async () => {
    const fixture = await twoMembers();
    const [mine = -1] = fixture.partitions(1);
    fixture.say(1, { $case: 'commit', value: { commitId: 5, offsets: [offsetOf(mine, 12)] } });
    await fixture.pass(10);
    expect(fixture.notices.get(1)?.at(-1)).toMatchObject({ $case: 'committed', value: { commitId: 5, results: [{ partition: mine }] } });
    expect(await committed(fixture, mine)).toBe(12);
  });

  it('answer a refusal only once a round has proven the owner', async () => {
    const fixture = new GroupShardFixture();
    fixture.shard.hold();
    let refused = false;
    const asked = commit(fixture, 1, 0, { memberId: 'a', memberEpoch: 1 })?.catch(() => {
      refused = true;
    });
    await fixture.pass(100);
    expect(refused).toBe(false);
    fixture.shard.release();
    await asked;
    expect(refused).toBe(true);
  });

  it('of a transaction count when it is committed', async () => {
    const fixture = new GroupShardFixture();
    const session = { producerId: 9, producerEpoch: 1 };
    const staged = { transactionalId: 't', session, groupId: 'readers', offsets: [offsetOf(0, 4)] };
    await fixture.definition.calls.stageOffsets?.(fixture.shard, staged, CONTEXT);
    expect(await committed(fixture, 0)).toBe('OFFSET_UNSTABLE');
    const end = { producerId: 9, producerEpoch: 1, shardEpoch: 1, shard: 0, outcome: TransactionOutcome.COMMIT };
    await fixture.definition.calls.endStagedOffsets?.(fixture.shard, end, CONTEXT);
    expect(await committed(fixture, 0)).toBe(4);
  });

  it('come in pages when all are asked for', async () => {
    const fixture = new GroupShardFixture();
    for (let partition = 0; partition < 4; partition++) await commit(fixture, partition, partition);
    const pages: number[][] = [];
    let pageToken = '';
    do {
      const request = { groupId: 'readers', partitions: [], requireStable: false, pageSize: 3, pageToken };
      const answer = await fixture.definition.calls.fetchOffsets?.(fixture.shard, request, CONTEXT);
      pages.push((answer?.offsets ?? []).map(({ partition }) => partition));
      pageToken = answer?.nextPageToken ?? '';
    } while (pageToken !== '');
    expect(pages).toEqual([[0, 1, 2], [3]]);
  });
});

describe('groups of a shard', () => {
  it('are listed by name, described with their lag, and deleted when they are empty', async () => {
    const fixture = await twoMembers();
    const { calls } = fixture.definition;
    const [mine = -1] = fixture.partitions(1);
    fixture.measured = () => ({ highWatermark: 100, logStartOffset: 0, nextTimestampMs: fixture.scheduler.clock.wallMs() - 1_500 });
    await commit(fixture, 40, mine, { memberId: 'a', memberEpoch: fixture.epoch(1) });
    const listed = await calls.listGroups?.(fixture.shard, { after: '', limit: 10, transactionStates: [], partitions: [] }, CONTEXT);
    expect(listed?.groups).toMatchObject([{ groupId: 'readers', members: 2 }]);
    expect(
      (await calls.listGroups?.(fixture.shard, { after: 'readers', limit: 10, transactionStates: [], partitions: [] }, CONTEXT))?.groups,
    ).toEqual([]);
    const described = await calls.describeGroup?.(fixture.shard, { groupId: 'readers', membersOnly: false }, CONTEXT);
    expect(described?.partitions).toHaveLength(4);
    expect(described?.partitions.find(({ partition }) => partition === mine)).toMatchObject({
      ...{ topicName: 'flights', committedOffset: 40, endOffset: 100, lagRecords: 60, memberId: 'a' },
      lagMs: 1_500,
    });
    const erase = (dryRun: boolean) => calls.deleteGroup?.(fixture.shard, { groupId: 'readers', dryRun }, CONTEXT);
    await expect(erase(false)).rejects.toMatchObject({ reason: 'GROUP_NOT_EMPTY' });
    fixture.say(1, { $case: 'leave', value: { returning: false } });
    fixture.say(2, { $case: 'leave', value: { returning: false } });
    await fixture.pass(200);
    await erase(true);
    expect(await committed(fixture, mine)).toBe(40);
    await erase(false);
    await expect(erase(false)).rejects.toMatchObject({ reason: 'UNKNOWN_GROUP' });
    expect(await committed(fixture, mine)).toBeUndefined();
  });

  it('are shown as metrics within a bound on series, which are gone with the shard', async () => {
    const fixture = new GroupShardFixture();
    fixture.measured = (partition) => ({ highWatermark: 100 + partition, logStartOffset: 0, nextTimestampMs: 0 });
    for (const partition of [0, 1]) await commit(fixture, 90, partition);
    const more = { groupId: 'others', offsets: [offsetOf(0, 99), offsetOf(1, 99)] };
    await fixture.definition.calls.commitOffsets?.(fixture.shard, more, CONTEXT);
    await fixture.pass(1_200);
    const lag = (...labels: string[]): number => fixture.meter.value('moldau_group_lag_records', 'default', ...labels);
    expect(lag('readers', 'flights', '1')).toBe(11);
    expect(lag('', '', '')).toBe(3);
    fixture.shard.lose();
    await fixture.pass(1_200);
    expect(lag('readers', 'flights', '1')).toBe(0);
  });
});
