import { DEFAULT_NAMESPACE } from '@moldau/kernel';
import { describe, expect, it } from 'vitest';
import { stateText } from '../testing/record-log.ts';
import { GROUP, reasonOf, ShardFixture } from '../testing/shard-fixture.ts';

function two(): ShardFixture {
  const fixture = new ShardFixture();
  fixture.join('a');
  fixture.settle();
  fixture.join('b');
  fixture.settle();
  return fixture;
}

describe('a consumer group', () => {
  it('gives a first member everything', () => {
    const fixture = new ShardFixture();
    expect(fixture.join('a').assigned.size).toBe(0);
    fixture.settle();
    expect(fixture.partitions('a')).toEqual([0, 1, 2, 3]);
    expect(fixture.shard.describe(GROUP)).toMatchObject({ state: 'stable', kind: 'consumer', members: 1, assignor: 'sticky' });
  });

  it('gives nothing to another before its owner said that it gave it up', () => {
    const fixture = new ShardFixture();
    fixture.join('a');
    fixture.settle();
    const before = fixture.held('a').memberEpoch;
    fixture.join('b');
    fixture.work();
    expect(fixture.partitions('a')).toHaveLength(2);
    expect(fixture.partitions('b')).toEqual([]);
    fixture.beat('a', before);
    fixture.work();
    expect(fixture.partitions('b')).toEqual([]);
    expect(fixture.shard.describe(GROUP).state).toBe('reconciling');
    fixture.beat('a', fixture.held('a').memberEpoch);
    fixture.work();
    expect(fixture.partitions('b')).toHaveLength(2);
    expect(fixture.shard.describe(GROUP).state).toBe('stable');
  });

  it('tells and records nothing for members whose partitions stay', () => {
    const fixture = two();
    fixture.join('c');
    fixture.settle();
    const loads = ['a', 'b', 'c'].map((each) => fixture.partitions(each).length).sort();
    expect(loads).toEqual([1, 1, 2]);
    const kept = ['a', 'b'].filter((each) => fixture.partitions(each).length === 2);
    expect(kept).toHaveLength(1);
    const told = fixture.notices.slice(-3).map(({ memberId }) => memberId);
    expect(fixture.notices.filter(({ memberId }) => memberId === kept[0]).length).toBeLessThan(4);
    expect(told).toContain('c');
  });

  it('does not have a member back by an earlier stream than its last', () => {
    const fixture = two();
    const { memberEpoch } = fixture.join('a', { attempt: 2 });
    const rejoin = (attempt: number): void => fixture.rejoin('a', memberEpoch, { attempt });
    expect(reasonOf(() => fixture.join('a', { attempt: 1 }))).toBe('FENCED_INSTANCE');
    expect(reasonOf(() => rejoin(1))).toBe('FENCED_INSTANCE');
    // Nor does another owner of the shard, who knows the log alone.
    fixture.shard = fixture.log.loadCompacted();
    fixture.shard.begin(fixture.now());
    expect(reasonOf(() => rejoin(1))).toBe('FENCED_INSTANCE');
    rejoin(2);
    rejoin(3);
  });

  it('removes a member that is not heard, and says why', () => {
    const fixture = two();
    fixture.passTime(30_000);
    fixture.beat('a', fixture.held('a').memberEpoch);
    fixture.passTime(15_000);
    expect(fixture.notices.at(-1)).toMatchObject({ type: 'removed', memberId: 'b', reason: 'MEMBER_SESSION_EXPIRED' });
    fixture.work();
    expect(fixture.partitions('a')).toEqual([0, 1, 2, 3]);
    expect(reasonOf(() => fixture.beat('b', 1))).toBe('UNKNOWN_MEMBER');
  });

  it('removes a member that does not give up in time, and one that works too long', () => {
    const fixture = new ShardFixture();
    fixture.join('a');
    fixture.settle();
    const before = fixture.held('a').memberEpoch;
    fixture.join('b');
    fixture.work();
    fixture.passTime(4_000);
    fixture.beat('a', before);
    fixture.passTime(1_000);
    expect(fixture.notices.at(-1)).toMatchObject({ type: 'removed', memberId: 'a', reason: 'REVOCATION_TIMED_OUT' });
    fixture.work();
    expect(fixture.partitions('b')).toEqual([0, 1, 2, 3]);
    fixture.beat('b', fixture.held('b').memberEpoch, 299_000);
    fixture.passTime(1_000);
    expect(fixture.notices.at(-1)).toMatchObject({ memberId: 'b', reason: 'PROCESSING_TIMED_OUT' });
    expect(fixture.shard.describe(GROUP).state).toBe('empty');
  });

  it('hands a static member to its next life without moving a partition, and fences the last', () => {
    const fixture = new ShardFixture();
    fixture.join('a1', { instanceId: 'A' });
    fixture.join('b');
    fixture.settle();
    const kept = fixture.partitions('a1');
    const next = fixture.join('a2', { instanceId: 'A' });
    expect(next.assigned.get(fixture.topic.topicId)).toEqual(kept);
    expect(fixture.notices.at(-1)).toMatchObject({ type: 'removed', memberId: 'a1', reason: 'FENCED_INSTANCE' });
    expect(fixture.shard.groupsToAssign()).toEqual([]);
    expect(reasonOf(() => fixture.beat('a1', 1))).toBe('UNKNOWN_MEMBER');
  });

  it('keeps the partitions of a static member that is away, until its session ends', () => {
    const fixture = new ShardFixture();
    fixture.join('a1', { instanceId: 'A' });
    fixture.join('b');
    fixture.settle();
    const { memberEpoch } = fixture.held('a1');
    fixture.take(fixture.shard.leave(fixture.now(), { group: GROUP, memberId: 'a1', memberEpoch, returning: true }));
    fixture.work();
    expect(fixture.partitions('b')).toHaveLength(2);
    expect(reasonOf(() => fixture.beat('a1', memberEpoch))).toBe('UNKNOWN_MEMBER');
    fixture.passTime(40_000);
    fixture.beat('b', fixture.held('b').memberEpoch);
    fixture.passTime(5_000);
    fixture.work();
    expect(fixture.partitions('b')).toHaveLength(4);
  });

  it('frees what a leaving member had at once', () => {
    const fixture = two();
    const { memberEpoch } = fixture.held('a');
    fixture.take(fixture.shard.leave(fixture.now(), { group: GROUP, memberId: 'a', memberEpoch, returning: false }));
    fixture.work();
    expect(fixture.partitions('b')).toEqual([0, 1, 2, 3]);
  });

  it('gives a member that joins again what it has, and refuses an epoch of no life of it', () => {
    const fixture = two();
    expect(fixture.join('a')).toEqual(fixture.held('a'));
    expect(fixture.shard.groupsToAssign()).toEqual([]);
    expect(reasonOf(() => fixture.beat('a', 999))).toBe('FENCED_MEMBER_EPOCH');
    expect(reasonOf(() => fixture.beat('a', 0))).toBe('FENCED_MEMBER_EPOCH');
    expect(reasonOf(() => fixture.join('a', { instanceId: 'other' }))).toBe('INVALID_REQUEST');
  });

  it('follows topics that come and grow, by name and by expression', () => {
    const fixture = new ShardFixture();
    fixture.join('a', { topicNames: ['later'], topicPattern: 'fl.*' });
    fixture.settle();
    expect(fixture.partitions('a')).toHaveLength(4);
    fixture.topics.put(DEFAULT_NAMESPACE, 'later', '22222222-2222-4222-8222-222222222222', 2);
    fixture.topics.put(DEFAULT_NAMESPACE, '__groups', '33333333-3333-4333-8333-333333333333', 2);
    fixture.topics.put(DEFAULT_NAMESPACE, 'flights', fixture.topic.topicId, 6);
    fixture.take(fixture.shard.refresh(fixture.now(), GROUP));
    fixture.settle();
    expect(fixture.partitions('a')).toHaveLength(6);
    expect(fixture.held('a').assigned.size).toBe(2);
    fixture.take(fixture.shard.refresh(fixture.now(), GROUP));
    expect(fixture.shard.groupsToAssign()).toEqual([]);
  });

  it('takes changed settings at runtime: size, assignor, session', () => {
    const fixture = two();
    fixture.settings = { ...fixture.settings, maxSize: 2, assignor: 'range', sessionTimeoutMs: 6_000 };
    expect(reasonOf(() => fixture.join('c'))).toBe('GROUP_FULL');
    fixture.take(fixture.shard.refresh(fixture.now(), GROUP));
    fixture.settle();
    expect(fixture.shard.describe(GROUP)).toMatchObject({ assignor: 'range', state: 'stable' });
    expect([fixture.partitions('a'), fixture.partitions('b')]).toEqual([
      [0, 1],
      [2, 3],
    ]);
    fixture.passTime(6_000);
    expect(fixture.shard.describe(GROUP).state).toBe('empty');
  });

  it('refuses malformed requests and changes nothing', () => {
    const fixture = two();
    const before = stateText(fixture.shard);
    expect(reasonOf(() => fixture.join('c', { topicPattern: '(' }))).toBe('INVALID_TOPIC_PATTERN');
    expect(reasonOf(() => fixture.join('c', { topicNames: ['no/name'] }))).toBe('INVALID_TOPIC_NAME');
    expect(reasonOf(() => fixture.join('', {}))).toBe('INVALID_REQUEST');
    expect(reasonOf(() => fixture.join('c', { group: { ...GROUP, groupId: 'a b' } }))).toBe('INVALID_GROUP_ID');
    expect(reasonOf(() => fixture.join('c', { metadata: new Uint8Array(4_097) }))).toBe('INVALID_REQUEST');
    expect(reasonOf(() => fixture.join('c', { rebalanceTimeoutMs: 1 }))).toBe('INVALID_REQUEST');
    expect(reasonOf(() => fixture.shard.describe({ ...GROUP, groupId: 'unknown' }))).toBe('UNKNOWN_GROUP');
    expect(stateText(fixture.shard)).toBe(before);
  });

  it('begins sessions anew when another owner has loaded it, and goes on where it was', () => {
    const fixture = two();
    fixture.join('c');
    fixture.work();
    fixture.shard = fixture.log.loadCompacted();
    fixture.nowMs = 1_000_000;
    fixture.shard.begin(fixture.now());
    fixture.passTime(4_999);
    expect(fixture.shard.describe(GROUP).members).toBe(3);
    fixture.settle();
    expect(fixture.shard.describe(GROUP).state).toBe('stable');
  });
});
