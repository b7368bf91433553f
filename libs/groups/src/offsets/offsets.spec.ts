import { type Offset, type PartitionIndex, producerEpoch, producerId } from '@moldau/kernel';
import { describe, expect, it } from 'vitest';
import { stateText } from '../testing/record-log.ts';
import { GROUP, reasonOf, ShardFixture } from '../testing/shard-fixture.ts';
import type { OffsetToCommit } from './commit-offsets.ts';
import { planReset, type ResetPosition, timeOfReset } from './reset-plan.ts';

const ADMIN = { type: 'admin' } as const;
const PRODUCER = producerId(9);
const DAY_MS = 86_400_000;

function joined(): ShardFixture {
  const fixture = new ShardFixture();
  fixture.join('a');
  fixture.settle();
  return fixture;
}

function commit(
  fixture: ShardFixture,
  offsets: readonly OffsetToCommit[],
  member?: { readonly memberId: string; readonly memberEpoch: number },
): (string | undefined)[] {
  const committer = member === undefined ? ADMIN : ({ type: 'member', ...member } as const);
  const outcomes = fixture.take(fixture.shard.commitOffsets(fixture.now(), { group: GROUP, committer, offsets }));
  return outcomes.map(({ error }) => error?.reason);
}

function stage(fixture: ShardFixture, epoch: number, offset: number, partition = 0): void {
  const committer = { type: 'member', memberId: 'a', memberEpoch: fixture.held('a').memberEpoch } as const;
  const offsets = [fixture.offsetOf(partition, offset)];
  const request = { group: GROUP, committer, offsets, producerId: PRODUCER, producerEpoch: producerEpoch(epoch) };
  fixture.take(fixture.shard.stageOffsets(fixture.now(), request));
}

function end(fixture: ShardFixture, epoch: number, outcome: 'commit' | 'abort', shardEpoch = 1): number {
  const result = fixture.shard.endTransaction(fixture.now(), {
    producerId: PRODUCER,
    producerEpoch: producerEpoch(epoch),
    shardEpoch,
    outcome,
  });
  fixture.take(result);
  return result.records.length;
}

describe('committed offsets', () => {
  it('are taken from owners, each partition for itself, and refused with a name otherwise', () => {
    const fixture = joined();
    const member = { memberId: 'a', memberEpoch: fixture.held('a').memberEpoch };
    const offsets = [
      fixture.offsetOf(0, 5, { metadata: 'note' }),
      fixture.offsetOf(9, 5),
      fixture.offsetOf(1, -1),
      fixture.offsetOf(2, 5, { metadata: 'x'.repeat(4_097) }),
    ];
    expect(commit(fixture, offsets, member)).toEqual([undefined, 'UNKNOWN_PARTITION', 'INVALID_REQUEST', 'INVALID_REQUEST']);
    expect([0, 1, 2].map((each) => fixture.committed(each))).toEqual([5, undefined, undefined]);
    expect(reasonOf(() => commit(fixture, offsets, { memberId: 'z', memberEpoch: 1 }))).toBe('UNKNOWN_MEMBER');
    expect(reasonOf(() => commit(fixture, offsets, { ...member, memberEpoch: 99 }))).toBe('FENCED_MEMBER_EPOCH');
    expect(reasonOf(() => commit(fixture, offsets))).toBe('GROUP_NOT_EMPTY');
  });

  it('are taken while a member gives a partition up, and not after it did', () => {
    const fixture = joined();
    const member = { memberId: 'a', memberEpoch: fixture.held('a').memberEpoch };
    fixture.join('b');
    fixture.work();
    const lost = fixture.held('a').revoking.get(fixture.topic.topicId)?.[0] ?? 0;
    expect(commit(fixture, [fixture.offsetOf(lost, 7)], member)).toEqual([undefined]);
    fixture.settle();
    expect(commit(fixture, [fixture.offsetOf(lost, 8)], member)).toEqual(['NOT_PARTITION_OWNER']);
    expect(fixture.committed(lost)).toBe(7);
  });

  it('make a group that never had a member, and are deleted with it', () => {
    const fixture = new ShardFixture();
    expect(commit(fixture, [fixture.offsetOf(0, 3)])).toEqual([undefined]);
    expect([...fixture.shard.list()]).toMatchObject([{ kind: 'offsets', state: 'empty' }]);
    fixture.take(fixture.shard.deleteGroup(fixture.now(), GROUP));
    expect([...fixture.shard.list()]).toEqual([]);
    expect(stateText(fixture.shard)).toBe('');
    expect(stateText(fixture.log.load())).toBe('');
  });

  it('are deleted for topics that nobody subscribes to', () => {
    const fixture = joined();
    const member = { memberId: 'a', memberEpoch: fixture.held('a').memberEpoch };
    commit(fixture, [fixture.offsetOf(0, 3)], member);
    const partitions = new Map([[fixture.topic.topicId, [0 as PartitionIndex]]]);
    const refused = fixture.take(fixture.shard.deleteOffsets(fixture.now(), GROUP, partitions));
    expect(refused[0]?.error?.reason).toBe('GROUP_NOT_EMPTY');
    expect(reasonOf(() => fixture.shard.deleteGroup(fixture.now(), GROUP))).toBe('GROUP_NOT_EMPTY');
    fixture.take(fixture.shard.leave(fixture.now(), { group: GROUP, ...member, returning: false }));
    fixture.take(fixture.shard.deleteOffsets(fixture.now(), GROUP, partitions));
    expect(fixture.committed(0)).toBeUndefined();
  });

  it('expire when neither they nor the group were used, or at a time of their own; never under a member', () => {
    const fixture = joined();
    const member = { memberId: 'a', memberEpoch: fixture.held('a').memberEpoch };
    commit(fixture, [fixture.offsetOf(0, 3), fixture.offsetOf(1, 3, { retentionMs: DAY_MS })], member);
    fixture.settings = { ...fixture.settings, sessionTimeoutMs: 30 * DAY_MS };
    fixture.beat('a', member.memberEpoch);
    fixture.passTime(8 * DAY_MS);
    expect([fixture.committed(0), fixture.committed(1)]).toEqual([3, 3]);
    fixture.take(fixture.shard.leave(fixture.now(), { group: GROUP, ...member, returning: false }));
    fixture.passTime(6 * DAY_MS);
    expect([fixture.committed(0), fixture.committed(1)]).toEqual([3, undefined]);
    fixture.passTime(2 * DAY_MS);
    expect([...fixture.shard.list()]).toEqual([]);
  });
});

describe('offsets of a transaction', () => {
  it('count when it commits, and only then', () => {
    const fixture = joined();
    stage(fixture, 1, 10);
    expect([fixture.committed(0), fixture.committed(0, true)]).toEqual([undefined, 'OFFSET_UNSTABLE']);
    fixture.shard = fixture.log.loadCompacted();
    end(fixture, 1, 'commit');
    expect([fixture.committed(0), fixture.committed(0, true)]).toEqual([10, 10]);
    stage(fixture, 2, 20);
    end(fixture, 2, 'abort');
    expect(fixture.committed(0, true)).toBe(10);
    expect(stateText(fixture.log.loadCompacted())).toBe(stateText(fixture.shard));
  });

  it('are refused after its end, and the end may be told again', () => {
    const fixture = joined();
    stage(fixture, 1, 10);
    expect(end(fixture, 1, 'commit')).toBeGreaterThan(0);
    expect(end(fixture, 1, 'commit')).toBe(0);
    expect(reasonOf(() => stage(fixture, 1, 11))).toBe('FENCED_PRODUCER');
    stage(fixture, 2, 12);
    expect(reasonOf(() => stage(fixture, 3, 13))).toBe('CONCURRENT_CHANGE');
    expect(reasonOf(() => end(fixture, 0, 'commit'))).toBe('FENCED_PRODUCER');
    expect(reasonOf(() => end(fixture, 2, 'commit', 0))).toBe('FENCED_SHARD');
    end(fixture, 3, 'commit');
    expect(fixture.committed(0, true)).toBe(10);
  });

  it('are staged by owners alone, and committed though their member is gone', () => {
    const fixture = joined();
    stage(fixture, 1, 10);
    const { memberEpoch } = fixture.held('a');
    fixture.take(fixture.shard.leave(fixture.now(), { group: GROUP, memberId: 'a', memberEpoch, returning: false }));
    expect(reasonOf(() => fixture.shard.deleteGroup(fixture.now(), GROUP))).toBe('CONCURRENT_CHANGE');
    const committer = { type: 'member', memberId: 'a', memberEpoch } as const;
    const late = { group: GROUP, committer, offsets: [fixture.offsetOf(0, 11)], producerId: PRODUCER, producerEpoch: producerEpoch(1) };
    expect(reasonOf(() => fixture.shard.stageOffsets(fixture.now(), late))).toBe('UNKNOWN_MEMBER');
    end(fixture, 1, 'commit');
    expect(fixture.committed(0)).toBe(10);
    fixture.passTime(8 * DAY_MS);
    expect(stateText(fixture.shard)).toBe('');
  });
});

describe('a plan to reset offsets', () => {
  const input = (committed: number | undefined, atTime?: number): Parameters<typeof planReset>[1][number] => ({
    topicId: new ShardFixture().topic.topicId,
    partition: 0 as PartitionIndex,
    committed: committed as Offset | undefined,
    logStart: 10 as Offset,
    logEnd: 100 as Offset,
    atTime: atTime === undefined ? undefined : { offset: atTime as Offset, leaderEpoch: undefined },
  });

  it.each<[ResetPosition, number, boolean]>([
    [{ to: 'earliest' }, 10, false],
    [{ to: 'latest' }, 100, false],
    [{ to: 'offset', offset: 42 }, 42, false],
    [{ to: 'offset', offset: 3 }, 10, true],
    [{ to: 'shift', by: -20 }, 30, false],
    [{ to: 'shift', by: 500 }, 100, true],
    [{ to: 'timestamp', timestampMs: 5 }, 77, false],
    [{ to: 'duration', durationMs: 5 }, 77, false],
  ])('%j leads to %i', (position, to, clamped) => {
    expect(planReset(position, [input(50, 77)])).toMatchObject([{ from: 50, to, clamped }]);
  });

  it('looks up a time, takes the end when all is older, and can not shift what is not there', () => {
    expect(timeOfReset({ to: 'duration', durationMs: 400 }, 1_000)).toBe(600);
    expect(timeOfReset({ to: 'latest' }, 1_000)).toBeUndefined();
    expect(planReset({ to: 'timestamp', timestampMs: 5 }, [input(50)])).toMatchObject([{ to: 100 }]);
    expect(reasonOf(() => planReset({ to: 'shift', by: 1 }, [input(undefined)]))).toBe('INVALID_REQUEST');
    expect(reasonOf(() => planReset({ to: 'offset', offset: -1 }, [input(1)]))).toBe('INVALID_REQUEST');
  });
});
