import { brokerId, leaderEpoch, type Offset } from '@moldau/kernel';
import { describe, expect, it } from 'vitest';
import { ModelLog } from '../testing/model-log.ts';
import type { FollowerNews } from './follower-news.ts';
import { FollowerReplica, RETRY_MAX_MS, RETRY_MIN_MS } from './follower-replica.ts';

const LEADER = brokerId(1);
const FIVE = { leaderId: LEADER, leaderEpoch: leaderEpoch(5) };
const NOW = 1000;

/** Batches of epochs 1, 1, 2, 2 and a watermark of 2. */
function someLog(): ModelLog {
  const log = new ModelLog();
  log.append([1, 1, 2, 2].map((epoch, value) => ({ epoch, value })));
  log.highWatermark = 2 as Offset;
  return log;
}

function news(rest: Partial<FollowerNews> = {}): FollowerNews {
  return { leaderEpoch: FIVE.leaderEpoch, highWatermark: 2 as Offset, logStartOffset: 0 as Offset, ...rest };
}

function batches(baseOffset: number, endOffset: number): FollowerNews['batches'] {
  return { bytes: new Uint8Array(8), baseOffset: baseOffset as Offset, endOffset: endOffset as Offset };
}

function asking(log: ModelLog): FollowerReplica {
  const follower = new FollowerReplica();
  follower.assign(FIVE, log);
  return follower;
}

function following(log: ModelLog): FollowerReplica {
  const follower = asking(log);
  follower.news(news(), log, NOW);
  return follower;
}

describe('a follower that is assigned', () => {
  it('asks with its end and the epoch of its last batch, and acknowledges only once the leader has answered', () => {
    const log = someLog();
    const follower = new FollowerReplica();
    expect(follower.kind).toBe('idle');
    expect(follower.assign(FIVE, log)).toEqual([
      { kind: 'sendPosition', leaderId: LEADER, leaderEpoch: 5, receivedEnd: 4, lastFetchedEpoch: 2 },
    ]);
    expect(follower.acknowledges).toBe(false);
    expect(follower.news(news(), log, NOW)).toEqual([]);
    expect(follower.acknowledges).toBe(true);
  });

  it('takes a newer epoch and no older one', () => {
    const log = someLog();
    const follower = following(log);
    expect(follower.assign({ ...FIVE, leaderEpoch: leaderEpoch(4) }, log)).toEqual([]);
    expect(follower.kind).toBe('following');
    expect(follower.assign({ ...FIVE, leaderEpoch: leaderEpoch(6) }, log)).toMatchObject([{ kind: 'sendPosition', leaderEpoch: 6 }]);
    expect(follower.assign(undefined, log)).toEqual([]);
    expect(follower.kind).toBe('idle');
  });

  it('asks again on a new stream', () => {
    const log = someLog();
    const follower = following(log);
    expect(follower.connected(log)).toMatchObject([{ kind: 'sendPosition' }]);
    expect(follower.kind).toBe('asking');
    expect(new FollowerReplica().connected(log)).toEqual([]);
  });
});

describe('news', () => {
  it.each([4, 6])('of epoch %i, which is not the one followed, are left alone', (epoch) => {
    const log = someLog();
    const follower = asking(log);
    expect(follower.news(news({ leaderEpoch: leaderEpoch(epoch), batches: batches(4, 6) }), log, NOW)).toEqual([]);
    expect(follower.kind).toBe('asking');
  });

  it('append what continues the log, then move the watermark to at most the new end, then the start', () => {
    const log = someLog();
    const run = batches(4, 6);
    expect(following(log).news(news({ highWatermark: 9 as Offset, logStartOffset: 1 as Offset, batches: run }), log, NOW)).toEqual([
      { kind: 'append', bytes: run?.bytes },
      { kind: 'advanceHighWatermark', offset: 6 },
      { kind: 'moveStart', offset: 1 },
    ]);
  });

  it('never move watermark or start back', () => {
    const log = someLog();
    expect(following(log).news(news({ highWatermark: 1 as Offset }), log, NOW)).toEqual([]);
  });

  it('that do not continue the log end the following, with an alarm; before the answer they are late and mean nothing', () => {
    const log = someLog();
    const early = asking(log);
    expect(early.news(news({ batches: batches(7, 8) }), log, NOW)).toEqual([]);
    expect(early.kind).toBe('asking');
    const follower = following(log);
    expect(follower.news(news({ batches: batches(7, 8) }), log, NOW)).toEqual([
      { kind: 'alarm', alarm: { kind: 'gap', endOffset: 4, baseOffset: 7 } },
    ]);
    expect(follower.kind).toBe('failed');
  });

  it('of a start beyond the own end begin the log anew there', () => {
    const log = someLog();
    const follower = asking(log);
    expect(follower.news(news({ logStartOffset: 9 as Offset }), log, NOW)).toEqual([{ kind: 'beginAnew', offset: 9 }]);
    expect(follower.news(news(), log, NOW)).toEqual([]);
    log.beginAnew(9 as Offset);
    expect(follower.begunAnew(log)).toMatchObject([{ kind: 'sendPosition', receivedEnd: 9, lastFetchedEpoch: -1 }]);
  });
});

describe('a follower whose log parts from the leader', () => {
  const parts = news({ diverging: { epoch: 1, endOffset: 3 as Offset } });

  it('cuts to where its own epoch ends, then asks again', () => {
    const log = someLog();
    const follower = asking(log);
    expect(follower.news(parts, log, NOW)).toEqual([{ kind: 'truncateTo', offset: 2, belowHighWatermark: false }]);
    expect(follower.kind).toBe('truncating');
    expect(follower.connected(log)).toEqual([]);
    log.cut(2 as Offset);
    expect(follower.truncated(log)).toMatchObject([{ kind: 'sendPosition', receivedEnd: 2, lastFetchedEpoch: 1 }]);
  });

  it('takes another assignment once the cut is done', () => {
    const log = someLog();
    const follower = asking(log);
    follower.news(parts, log, NOW);
    expect(follower.assign({ ...FIVE, leaderEpoch: leaderEpoch(6) }, log)).toEqual([]);
    expect(follower.truncated(log)).toMatchObject([{ kind: 'sendPosition', leaderEpoch: 6 }]);
  });

  it('refuses to cut below its watermark, raises one alarm for the epoch, and asks again later', () => {
    const log = someLog();
    log.highWatermark = 3 as Offset;
    const follower = asking(log);
    const alarm = { kind: 'truncationBelowHighWatermark', offset: 2, highWatermark: 3, refused: true };
    expect(follower.news(parts, log, NOW)).toEqual([{ kind: 'alarm', alarm }]);
    expect(follower.kind).toBe('failed');
    expect(follower.retry(NOW + RETRY_MIN_MS - 1, log)).toEqual([]);
    expect(follower.retry(NOW + RETRY_MIN_MS, log)).toMatchObject([{ kind: 'sendPosition' }]);
    expect(follower.news(parts, log, NOW)).toEqual([]);
    expect(log.endOffset).toBe(4);
  });

  it.each([
    [3, true],
    [2, false],
  ])('cuts below its watermark by lossy epoch %i: %s, as its log ends in epoch 2', (lossy, cuts) => {
    const log = someLog();
    log.highWatermark = 3 as Offset;
    const follower = new FollowerReplica();
    follower.assign({ ...FIVE, lossyEpoch: leaderEpoch(lossy) }, log);
    const kinds = follower.news(parts, log, NOW).map(({ kind }) => kind);
    expect(kinds).toEqual(cuts ? ['alarm', 'truncateTo'] : ['alarm']);
  });

  it('fails when a cut changed nothing and the answer is the same', () => {
    const log = someLog();
    const follower = asking(log);
    follower.news(parts, log, NOW);
    follower.truncated(log);
    expect(follower.news(parts, log, NOW)).toEqual([{ kind: 'alarm', alarm: { kind: 'noCommonEnd', endOffset: 4 } }]);
    expect(follower.kind).toBe('failed');
  });
});

describe('a follower that is refused, or whose actions fail', () => {
  it('asks again after pauses that double up to a limit, and soon again after it has followed', () => {
    const log = someLog();
    const follower = asking(log);
    const pauses: number[] = [];
    for (let nowMs = NOW; pauses.length < 7; ) {
      follower.news(news({ refused: true }), log, nowMs);
      const due = follower.retryAtMs ?? 0;
      pauses.push(due - nowMs);
      nowMs = due;
      follower.retry(nowMs, log);
    }
    expect(pauses).toEqual([50, 100, 200, 400, 800, RETRY_MAX_MS, RETRY_MAX_MS]);
    follower.news(news(), log, NOW);
    follower.news(news(), log, NOW);
    follower.actionFailed(NOW);
    expect(follower.retryAtMs).toBe(NOW + RETRY_MIN_MS);
  });

  it('pauses ever longer also while what it is sent can not be appended, as on a full disk', () => {
    const log = someLog();
    const follower = asking(log);
    const pauses: number[] = [];
    let nowMs = NOW;
    for (let attempt = 0; attempt < 3; attempt += 1) {
      expect(follower.news(news({ batches: batches(4, 5) }), log, nowMs)).toMatchObject([{ kind: 'append' }]);
      follower.actionFailed(nowMs);
      const due = follower.retryAtMs ?? 0;
      pauses.push(due - nowMs);
      nowMs = due;
      follower.retry(nowMs, log);
    }
    expect(pauses).toEqual([50, 100, 200]);
    follower.news(news(), log, nowMs);
    follower.news(news(), log, nowMs);
    follower.actionFailed(nowMs);
    expect(follower.retryAtMs).toBe(nowMs + RETRY_MIN_MS);
  });

  it('has nothing to fail at while it is idle', () => {
    const follower = new FollowerReplica();
    follower.actionFailed(NOW);
    expect(follower.kind).toBe('idle');
    expect(follower.retryAtMs).toBeUndefined();
  });
});
