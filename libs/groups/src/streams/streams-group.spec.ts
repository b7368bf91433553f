import { describe, expect, it } from 'vitest';
import { decodeRecord, encodeRecord } from '../record/record-codec.ts';
import { DEFAULT_GROUP_SETTINGS } from '../settings/group-settings.ts';
import { GROUP, ShardFixture } from '../testing/shard-fixture.ts';
import type { StreamsProfile } from './streams-profile.ts';

const PARTS = [{ topicNames: ['flights'], stateful: true }];

function streamsFixture(standbys: number): ShardFixture {
  const fixture = new ShardFixture();
  fixture.settings = { ...DEFAULT_GROUP_SETTINGS, assignor: 'streams', streamsStandbys: standbys, streamsAcceptableLag: 100 };
  return fixture;
}

const profile = (processId: string, lags: Readonly<Record<string, number>> = {}): StreamsProfile => ({
  processId,
  parts: PARTS,
  lags: new Map(Object.entries(lags)),
});

/** What each member holds and follows. */
function held(fixture: ShardFixture): Readonly<Record<string, readonly [number, readonly string[]]>> {
  const { memberList } = fixture.shard.describe(GROUP);
  return Object.fromEntries(
    memberList.map(({ memberId, assignment }) => {
      const count = [...assignment.assigned.values()].reduce((sum, partitions) => sum + partitions.length, 0);
      return [memberId, [count, assignment.following ?? []] as const];
    }),
  );
}

function epochOf(fixture: ShardFixture, memberId: string): number {
  return fixture.shard.describe(GROUP).memberList.find((member) => member.memberId === memberId)?.assignment.memberEpoch ?? 0;
}

function says(fixture: ShardFixture, memberId: string, streams: StreamsProfile): void {
  const request = { group: GROUP, memberId, memberEpoch: epochOf(fixture, memberId), processingForMs: undefined, subscription: undefined };
  fixture.take(fixture.shard.heartbeat(fixture.now(), { ...request, streams }));
  fixture.settle();
}

describe('the group of a stream application', () => {
  it('hands tasks to a new member one after the other as it catches up, and tells it which to follow', () => {
    const fixture = streamsFixture(0);
    fixture.join('a', { streams: profile('pa') });
    fixture.settle();
    fixture.join('b', { streams: profile('pb') });
    fixture.settle();
    expect(held(fixture)).toEqual({ a: [4, []], b: [0, ['0_0', '0_1']] });
    says(fixture, 'b', profile('pb', { '0_0': 7, '0_1': 4_000 }));
    // It followed the one until it had it.
    expect(held(fixture)).toEqual({ a: [3, []], b: [1, ['0_0', '0_1']] });
    says(fixture, 'b', profile('pb', { '0_1': 100 }));
    expect(held(fixture)).toMatchObject({ a: [2, []], b: [2, ['0_1']] });
  });

  it('gives the tasks of a member that goes to the ones that follow them', () => {
    const fixture = streamsFixture(1);
    for (const id of ['a', 'b', 'c']) fixture.join(id, { streams: profile(`p${id}`) });
    fixture.settle();
    const before = held(fixture);
    expect(Object.values(before).reduce((sum, [, following]) => sum + following.length, 0)).toBe(4);
    const followed = Object.fromEntries(
      Object.entries(before).map(([id, [, tasks]]) => [id, profile(`p${id}`, Object.fromEntries(tasks.map((task) => [task, 0])))]),
    );
    for (const [id, streams] of Object.entries(followed)) says(fixture, id, streams);
    fixture.take(fixture.shard.leave(fixture.now(), { group: GROUP, memberId: 'a', memberEpoch: epochOf(fixture, 'a'), returning: false }));
    fixture.settle();
    const after = held(fixture);
    expect(after['b']?.[0]).toBe(2);
    expect(after['c']?.[0]).toBe(2);
    fixture.shard.verify();
  });

  it('shares partitions by ranges as long as members do not agree on the tasks', () => {
    const fixture = streamsFixture(1);
    fixture.join('a', { streams: profile('pa') });
    fixture.join('b', { streams: { ...profile('pb'), parts: [{ topicNames: ['flights'], stateful: false }] } });
    fixture.settle();
    expect(held(fixture)).toEqual({ a: [2, []], b: [2, []] });
  });

  it('is the same after its records were written and read, and another number of copies changes it', () => {
    const fixture = streamsFixture(1);
    for (const id of ['a', 'b']) fixture.join(id, { streams: profile(`p${id}`, { '0_3': 12 }) });
    fixture.settle();
    const records = [...fixture.shard.snapshot()];
    expect(records.map((record) => decodeRecord(encodeRecord(record)))).toEqual(records);
    fixture.settings = { ...fixture.settings, streamsStandbys: 0 };
    fixture.take(fixture.shard.refresh(fixture.now(), GROUP));
    fixture.settle();
    expect(held(fixture)).toEqual({ a: [2, []], b: [2, []] });
  });

  it('refuses what names a topic twice, and lags that are none', () => {
    const fixture = streamsFixture(0);
    const twice = { ...profile('pa'), parts: [...PARTS, ...PARTS] };
    expect(() => fixture.join('a', { streams: twice })).toThrow('a topic in one part only');
    expect(() => fixture.join('a', { streams: profile('pa', { '0_0': -1 }) })).toThrow('0 or more records');
    expect(() => fixture.join('a', { streams: profile('') })).toThrow('streams.process_id');
  });
});
