import { MoldauError } from '@moldau/kernel';
import { describe, expect, it } from 'vitest';
import { PlayedSubscriptions } from '../testing/played-subscription.ts';

const FEW = { maxUnacknowledged: 4, maxBytes: 1 };

describe('a subscription', () => {
  it('delivers from the committed position, as many records as may be unacknowledged', async () => {
    const played = new PlayedSubscriptions({ maxUnacknowledged: 4 });
    played.committed = 3;
    await played.join();
    expect(played.deliveries().map(({ values }) => values)).toEqual([['r3', 'r4', 'r5', 'r6']]);
    await played.acknowledge(0);
    expect(played.deliveries()[1]?.values).toEqual(['r7', 'r8', 'r9']);
    expect(played.hears()).toEqual([1, '0:7']);
  });

  it('commits never past what is not acknowledged, and gathers while a commit is on its way', async () => {
    const played = new PlayedSubscriptions(FEW);
    await played.join();
    expect(played.deliveries()).toHaveLength(4);
    await played.acknowledge(1);
    await played.acknowledge(3);
    expect(played.hears()).toEqual([1, '0:0']);
    await played.acknowledge(0);
    await played.answerCommits();
    expect(played.hears()).toEqual([1, '0:2']);
    await played.answerCommits('REQUEST_TIMED_OUT');
    await played.scheduler.runFor(300);
    expect(played.hears()).toEqual([1, '0:2']);
  });

  it('commits where it begins before it delivers what comes after', async () => {
    const played = new PlayedSubscriptions({ from: { $case: 'latest', value: {} } });
    await played.join();
    played.log.end = 12;
    played.log.moved?.();
    await played.scheduler.runFor(50);
    expect([played.hears(), played.deliveries()]).toEqual([[1, '0:10'], []]);
    await played.answerCommits();
    expect(played.deliveries()[0]?.values).toEqual(['r10', 'r11']);
  });

  it('tells of acknowledgements of what it did not deliver, and goes on', async () => {
    const played = new PlayedSubscriptions(FEW);
    await played.join();
    played.subscription.acknowledge([7]);
    expect(played.told.at(-1)).toMatchObject({
      $case: 'notAcknowledged',
      value: { deliveryIds: [7], error: { reason: 'UNKNOWN_DELIVERY' } },
    });
    await played.acknowledge(0, 0);
    expect(played.ended).toBeUndefined();
    expect(played.deliveries()).toHaveLength(5);
  });

  it('gives a partition up when all is acknowledged: commit, then the heartbeat that names the epoch', async () => {
    const played = new PlayedSubscriptions(FEW);
    played.log.end = 2;
    await played.join();
    await played.assign(2, [], [0]);
    await played.acknowledge(0);
    expect(played.hears()).toEqual([1, '0:1']);
    await played.acknowledge(1);
    expect(played.hears()).toEqual([1, '0:1', '0:2', 2]);
    expect(played.told.at(-1)).toMatchObject({ $case: 'revoked', value: { topic: 'orders', partitions: [0], deliveryIds: [] } });
  });

  it('waits only so long for acknowledgements of a partition that it gives up', async () => {
    const played = new PlayedSubscriptions({ ...FEW, revocationWaitMs: 300 });
    await played.join();
    await played.assign(2, [], [0]);
    await played.scheduler.runFor(300);
    const ids = played.deliveries().map(({ id }) => id);
    expect(played.told.at(-1)).toMatchObject({ $case: 'revoked', value: { deliveryIds: ids } });
    expect(played.hears()).toContain(2);
    await played.acknowledge(0);
    expect(played.told.at(-1)).toMatchObject({ $case: 'notAcknowledged' });
  });

  it('drops at once what is lost, and begins anew with what comes back', async () => {
    const played = new PlayedSubscriptions(FEW);
    await played.join();
    await played.assign(2, []);
    played.committed = 5;
    await played.assign(3, [0]);
    expect(played.deliveries().map(({ values }) => values[0])).toEqual(['r0', 'r1', 'r2', 'r3', 'r5', 'r6', 'r7', 'r8']);
    expect(played.hears()).toEqual([1, 2, 3]);
  });

  it('tells the group how long it has been at the oldest delivery', async () => {
    const played = new PlayedSubscriptions(FEW);
    await played.join();
    await played.scheduler.runFor(2_000);
    const last = played.heard.at(-1);
    expect(last?.$case === 'heartbeat' && last.value.processingForMs).toBeGreaterThan(1_500);
  });

  it('delivers nothing while its client does not read', async () => {
    const played = new PlayedSubscriptions({ maxBytes: 1 });
    played.writable = false;
    await played.join();
    expect(played.deliveries()).toEqual([]);
    played.writable = true;
    played.subscription.drained();
    await played.scheduler.runFor(50);
    expect(played.deliveries()).toHaveLength(10);
  });

  it('goes on at the first record there is when the others were deleted, and says so', async () => {
    const played = new PlayedSubscriptions();
    Object.assign(played.log, { start: 5 });
    played.committed = 2;
    await played.join();
    expect(played.told.find(({ $case }) => $case === 'reset')).toMatchObject({ value: { partition: 0, fromOffset: 2, toOffset: 5 } });
    expect(played.deliveries()[0]?.values[0]).toBe('r5');
  });

  it('commits with the leader epoch of what was acknowledged', async () => {
    const played = new PlayedSubscriptions(FEW);
    await played.join();
    await played.acknowledge(0);
    const commit = played.heard.find(({ $case }) => $case === 'commit');
    expect(commit?.value).toMatchObject({ offsets: [{ partition: 0, offset: 1, leaderEpoch: 3 }] });
  });

  it('says so when the log is not what the group has read, and goes on where both are the same', async () => {
    const played = new PlayedSubscriptions();
    Object.assign(played.log, { partsAt: 6, epoch: 4 });
    Object.assign(played, { committed: 8, committedEpoch: 3 });
    await played.join();
    expect(played.told.find(({ $case }) => $case === 'reset')).toMatchObject({ value: { partition: 0, fromOffset: 8, toOffset: 6 } });
    expect(played.deliveries()[0]?.values[0]).toBe('r6');
  });
});

describe('a subscription that ends', () => {
  it('commits before it leaves', async () => {
    const played = new PlayedSubscriptions(FEW);
    await played.join();
    await played.acknowledge(0);
    played.subscription.leave();
    expect(played.hears()).toEqual([1, '0:1']);
    await played.answerCommits();
    expect(played.hears()).toEqual([1, 'leave']);
    played.over();
    expect([played.ended, played.streams.size]).toEqual(['OK', 0]);
  });

  it('keeps the membership of a client that has gone for a while, and then leaves', async () => {
    const played = new PlayedSubscriptions({ ...FEW, reconnectGraceMs: 2_000 });
    await played.join();
    played.all.detach(played.subscription);
    await played.scheduler.runFor(1_900);
    expect(played.hears()).toEqual([1, 1]);
    await played.scheduler.runFor(200);
    expect(played.hears().at(-1)).toBe('leave');
    played.over();
    expect([played.deliveries().length, played.streams.size]).toEqual([4, 0]);
  });

  it('gives up at once what it is asked for while its client is gone', async () => {
    const played = new PlayedSubscriptions(FEW);
    await played.join();
    played.all.detach(played.subscription);
    await played.assign(2, [], [0]);
    expect(played.hears()).toEqual([1, 2]);
  });

  it('makes way for another stream with the same member', async () => {
    const memberId = '0190a0f0-0000-7000-8000-00000000000a';
    const played = new PlayedSubscriptions({ ...FEW, memberId });
    await played.join();
    await played.acknowledge(0);
    played.open({ ...FEW, memberId });
    expect([played.ended, played.closed, played.streams.size]).toEqual(['FENCED_INSTANCE', 1, 1]);
    played.told = [];
    played.committed = 1;
    await played.join();
    expect(played.deliveries()[0]?.values).toEqual(['r1']);
  });

  it('sends its client to another broker without leaving, once what it acknowledged is committed', async () => {
    const played = new PlayedSubscriptions(FEW);
    await played.join();
    await played.acknowledge(0);
    const gone = played.streams.goAway('stopping');
    expect([played.told.at(-1)?.$case, played.ended]).toEqual(['goAway', undefined]);
    await played.answerCommits();
    await gone;
    expect([played.ended, played.hears()]).toEqual(['OK', [1]]);
  });

  it('ends with the error of its group', async () => {
    const played = new PlayedSubscriptions(FEW);
    await played.join();
    played.over(new MoldauError('PROCESSING_TIMED_OUT', 'too slow', {}));
    expect([played.ended, played.streams.size]).toEqual(['PROCESSING_TIMED_OUT', 0]);
  });
});

describe('a start', () => {
  it.each([
    [{ groupId: '' }, 'INVALID_GROUP_ID'],
    [{ topics: [] }, 'INVALID_REQUEST'],
    [{ memberId: 'me' }, 'INVALID_REQUEST'],
    [{ maxUnacknowledged: 0 }, 'INVALID_REQUEST'],
    [{ maxBytes: 4 * 1024 * 1024 }, 'INVALID_REQUEST'],
    [{ reconnectGraceMs: -1 }, 'INVALID_REQUEST'],
  ] as const)('refuses %o', (start, reason) => {
    expect(() => new PlayedSubscriptions({ ...start, topics: [...('topics' in start ? [] : ['orders'])] })).toThrow(
      expect.objectContaining({ reason }),
    );
  });
});
