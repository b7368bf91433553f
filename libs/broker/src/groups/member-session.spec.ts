import { Certainty, type MemberFrame, type MembershipJoined, type OffsetToCommit } from '@moldau/protocol';
import type { MemberLinkEvents, ShardCalls } from '@moldau/shards';
import { SimScheduler } from '@moldau/testkit';
import { describe, expect, it } from 'vitest';
import { ANY_CONTEXT } from '../testing/request-context.ts';
import { EdgeCalls } from './edge-calls.ts';
import { MemberSession, type MembershipFrame } from './member-session.ts';
import type { OffsetEnds, OffsetFaults } from './offset-ends.ts';

const JOIN = { groupId: 'readers', memberId: 'a', topicNames: ['flights'], metadata: new Uint8Array() };
const SETTINGS = { heartbeatIntervalMs: 5_000, sessionTimeoutMs: 45_000, processingIntervalMs: 300_000 };

/** A session whose owner is played by the test. */
class Played {
  readonly scheduler = new SimScheduler();
  /** What the owner has heard since it last opened a stream. */
  heard: NonNullable<MemberFrame['frame']>[] = [];
  readonly told: MembershipFrame[] = [];
  over: string | undefined;
  opened = 0;
  faults: OffsetFaults | Promise<OffsetFaults> = new Map();
  readonly session: MemberSession;

  constructor() {
    const send = (frame: NonNullable<MemberFrame['frame']>): boolean => this.heard.push(frame) > 0;
    const openMember = (_namespace: string, _group: string, events: MemberLinkEvents): ReturnType<ShardCalls['openMember']> => {
      this.opened += 1;
      void events;
      return { send, close: () => {} };
    };
    const shards = { openMember } as unknown as ShardCalls;
    const deps = {
      scheduler: this.scheduler,
      calls: new EdgeCalls(this.scheduler.clock, shards),
      ends: { check: () => this.faults } as unknown as OffsetEnds,
    };
    this.session = new MemberSession(deps, JOIN, ANY_CONTEXT, {
      tell: (frame) => this.told.push(frame),
      over: (error) => {
        this.over = error?.reason ?? 'left';
      },
    });
    this.session.open();
  }

  /** The stream to an owner is open; it takes the join with this epoch. */
  joined(memberEpoch: number): number | undefined {
    const { memberEpoch: named } = this.session.join();
    const value: MembershipJoined = { settings: SETTINGS, assignment: { memberEpoch, assigned: [], revoking: [], following: [] } };
    this.session.notice({ $case: 'joined', value });
    return named;
  }

  commit(commitId: number, offset = 5): void {
    this.session.hear({ $case: 'commit', value: { commitId, offsets: [offsetOf(offset)] } });
  }

  committed(commitId: number): void {
    this.session.notice({ $case: 'committed', value: { commitId, results: [{ topicId: 't', partition: 0 }] } });
  }

  tells(): string[] {
    return this.told.map(({ $case }) => $case);
  }

  hears(): (string | number)[] {
    return this.heard.map((frame) => {
      if (frame.$case === 'heartbeat') return frame.value.memberEpoch;
      return frame.$case === 'commit' ? `commit ${frame.value.commitId}` : frame.$case;
    });
  }
}

function offsetOf(offset: number): OffsetToCommit {
  return { topicId: 't', partition: 0, offset, metadata: '' };
}

describe('a membership at the edge', () => {
  it('is joined again at the next owner with what it carried out, and the client sees nothing of it', () => {
    const played = new Played();
    expect(played.joined(3)).toBeUndefined();
    played.session.hear({ $case: 'heartbeat', value: { memberEpoch: 3 } });
    played.session.interrupted();
    played.session.hear({ $case: 'heartbeat', value: { memberEpoch: 3 } });
    expect(played.joined(3)).toBe(3);
    expect(played.tells()).toEqual(['joined']);
    played.session.interrupted();
    played.joined(4);
    expect(played.tells()).toEqual(['joined', 'assignment']);
  });

  it('says again what was not answered, in the order in which the client said it', () => {
    const played = new Played();
    played.joined(3);
    played.commit(1);
    played.session.interrupted();
    played.commit(2);
    played.session.hear({ $case: 'heartbeat', value: { memberEpoch: 4 } });
    played.commit(3);
    played.session.hear({ $case: 'leave', value: { returning: false } });
    played.heard = [];
    expect(played.joined(4)).toBe(3);
    expect(played.hears()).toEqual(['commit 1', 'commit 2', 4, 'commit 3', 'leave']);
    for (const commitId of [1, 2, 3, 3]) played.committed(commitId);
    expect(played.tells().filter((told) => told === 'committed')).toHaveLength(3);
  });

  it('refuses offsets beyond the end, and nothing overtakes a commit whose ends are asked for', async () => {
    const played = new Played();
    played.joined(3);
    const { promise, resolve } = Promise.withResolvers<OffsetFaults>();
    played.faults = promise;
    played.commit(1);
    played.session.hear({ $case: 'heartbeat', value: { memberEpoch: 3 } });
    expect(played.hears()).toEqual([]);
    const error = {
      reason: 'OFFSET_OUT_OF_RANGE',
      message: '',
      metadata: new Map<string, string>(),
      retriable: false,
      certainty: Certainty.DEFINITE,
    };
    resolve(new Map([[0, error]]));
    await played.scheduler.runFor(1);
    expect(played.hears()).toEqual(['commit 1', 3]);
    played.session.notice({ $case: 'committed', value: { commitId: 1, results: [] } });
    expect(played.told.at(-1)).toMatchObject({ value: { results: [{ error: { reason: 'OFFSET_OUT_OF_RANGE' } }] } });
  });

  it('stamps a commit with the epoch that the client was told by then', () => {
    const played = new Played();
    played.joined(3);
    played.commit(1);
    played.session.notice({ $case: 'assignment', value: { memberEpoch: 7, assigned: [], revoking: [], following: [] } });
    played.commit(2);
    const epochs = played.heard.flatMap((frame) => (frame.$case === 'commit' ? [frame.value.memberEpoch] : []));
    expect(epochs).toEqual([3, 7]);
  });

  it('refuses an id that is in use, and more commits than may be unanswered', () => {
    const played = new Played();
    played.joined(3);
    for (let commitId = 0; commitId < 100; commitId++) played.commit(commitId);
    expect(() => played.commit(5)).toThrow('commit_id');
    expect(() => played.commit(100)).toThrow('commit_id');
  });

  it('ends with the error of its owner, and tries again when that only had no room', async () => {
    const played = new Played();
    played.joined(3);
    const error = { message: '', metadata: new Map<string, string>(), certainty: Certainty.DEFINITE };
    played.session.notice({ $case: 'ended', value: { error: { ...error, reason: 'SHARD_OVERLOADED', retriable: true } } });
    await played.scheduler.runFor(1_000);
    expect([played.opened, played.over]).toEqual([2, undefined]);
    played.joined(3);
    played.commit(1);
    played.session.notice({ $case: 'ended', value: { error: { ...error, reason: 'UNKNOWN_MEMBER', retriable: false } } });
    expect(played.over).toBe('UNKNOWN_MEMBER');
    expect(played.told.at(-1)).toMatchObject({ $case: 'committed', value: { commitId: 1, error: { reason: 'UNKNOWN_MEMBER' } } });
  });
});
