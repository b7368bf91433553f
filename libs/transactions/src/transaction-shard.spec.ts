import { describe, expect, it } from 'vitest';
import { NAME, partitionsOf, ShardRig, sessionOf } from './testing/shard-rig.ts';
import { IDLE_EXPIRATION_MS, TRANSACTION_TIMEOUT_MS_MAX } from './transaction-shard.ts';

const because = (reason: string): unknown => expect.objectContaining({ reason });

describe('a session of a transactional id', () => {
  it('has a new producer id, then a higher epoch each time', () => {
    const rig = new ShardRig();
    expect(rig.init()).toEqual(sessionOf(1, 0));
    expect(rig.init()).toEqual(sessionOf(1, 1));
  });

  it('is given again to the producer whose answer was lost', () => {
    const rig = new ShardRig();
    const first = rig.init();
    const second = rig.init(first);
    expect(rig.init(first)).toEqual(second);
    expect(rig.init(second)).toEqual(sessionOf(1, 2));
  });

  it('is refused to a producer that another has fenced', () => {
    const rig = new ShardRig();
    const zombie = rig.init();
    rig.init();
    expect(() => rig.init(zombie)).toThrow(because('FENCED_PRODUCER'));
    expect(() => rig.add(zombie)).toThrow(because('FENCED_PRODUCER'));
    expect(() => rig.end(zombie, 'commit')).toThrow(because('FENCED_PRODUCER'));
  });

  it('takes a new producer id when the epochs are used up, and leaves the last epoch to the marker', () => {
    const rig = new ShardRig();
    const { producerId } = rig.init();
    const entry = rig.shard.find(NAME);
    if (entry === undefined) throw new Error('no entry');
    rig.shard.replay({ kind: 'entry', entry: { ...entry, session: sessionOf(producerId, 32_766) } });
    const last = sessionOf(producerId, 32_766);
    rig.add(last);
    const ended = rig.end(last, 'commit');
    expect(ended.session).toEqual(sessionOf(2, 0));
    expect(rig.shard.markerOf(NAME)).toMatchObject({ producerId, producerEpoch: 32_767, outcome: 'commit' });
    rig.complete();
    expect(rig.end(last, 'commit')).toEqual({ session: sessionOf(2, 0), complete: true });
    rig.add(ended.session);
    expect(() => rig.end(last, 'commit')).toThrow(because('FENCED_PRODUCER'));
  });

  it('is refused with a timeout outside the limits', () => {
    const { shard, nowMs } = new ShardRig();
    for (const timeoutMs of [0, -1, 1.5, TRANSACTION_TIMEOUT_MS_MAX + 1, Number.NaN]) {
      const { records, answer } = shard.initProducer({ name: NAME, timeoutMs, nowMs });
      expect(records).toEqual([]);
      expect(answer).toMatchObject({ kind: 'refused', error: { reason: 'INVALID_TRANSACTION_TIMEOUT' } });
    }
  });

  it('first aborts what the one before had under way', () => {
    const rig = new ShardRig();
    const zombie = rig.init();
    rig.add(zombie);
    expect(() => rig.init()).toThrow(because('CONCURRENT_TRANSACTIONS'));
    expect(() => rig.init()).toThrow(because('CONCURRENT_TRANSACTIONS'));
    expect(() => rig.end(zombie, 'abort')).toThrow(because('FENCED_PRODUCER'));
    rig.complete();
    expect(rig.init()).toEqual(sessionOf(1, 2));
    expect(() => rig.init(zombie)).toThrow(because('FENCED_PRODUCER'));
  });

  it('is forgotten when idle for too long, and not while a transaction is under way', () => {
    const rig = new ShardRig();
    const session = rig.init();
    rig.nowMs += IDLE_EXPIRATION_MS - 1;
    rig.run(rig.shard.expireIdle(rig.nowMs));
    expect(rig.state).toBe('empty');
    rig.add(session);
    rig.nowMs += IDLE_EXPIRATION_MS;
    rig.run(rig.shard.expireIdle(rig.nowMs));
    expect(rig.state).toBe('ongoing');
    rig.end(session, 'commit');
    rig.complete();
    rig.nowMs += IDLE_EXPIRATION_MS;
    rig.run(rig.shard.expireIdle(rig.nowMs));
    expect(rig.state).toBeUndefined();
    expect(rig.shard.counts).toEqual({ ids: 0, ongoing: 0, prepared: 0 });
    expect(() => rig.add(session)).toThrow(because('UNKNOWN_TRANSACTIONAL_ID'));
  });
});

describe('a transaction', () => {
  it('is decided by its end, and complete once all participants have confirmed', () => {
    const rig = new ShardRig();
    const session = rig.init();
    rig.add(session, partitionsOf(2, 0));
    rig.add(session, { partitions: partitionsOf(1).partitions, groups: ['readers'] });
    const ended = rig.end(session, 'commit');
    expect(ended).toEqual({ session: sessionOf(1, 1), complete: false });
    expect(() => rig.add(ended.session)).toThrow(because('CONCURRENT_TRANSACTIONS'));
    const task = rig.shard.markerOf(NAME);
    expect(task).toMatchObject({
      producerId: 1,
      producerEpoch: 1,
      outcome: 'commit',
      waiting: { ...partitionsOf(0, 1, 2), groups: ['readers'] },
    });
    if (task === undefined) return;
    const confirm = (confirmed: typeof task.waiting): boolean =>
      rig.run(rig.shard.confirmMarkers({ ...task, confirmed, nowMs: rig.nowMs }));
    expect(confirm(partitionsOf(0, 2))).toBe(false);
    expect(confirm(partitionsOf(0, 2))).toBe(false);
    expect(rig.shard.markerOf(NAME)?.waiting).toEqual({ ...partitionsOf(1), groups: ['readers'] });
    expect(confirm({ partitions: [], groups: ['readers'] })).toBe(false);
    expect(confirm(partitionsOf(1))).toBe(true);
    expect(confirm(partitionsOf(1))).toBe(true);
    expect(rig.state).toBe('completeCommit');
    rig.add(ended.session);
    expect(rig.state).toBe('ongoing');
  });

  it('writes no record for what it has already', () => {
    const rig = new ShardRig();
    const session = rig.init();
    rig.add(session, partitionsOf(0, 1));
    expect(rig.shard.addToTransaction({ name: NAME, session, participants: partitionsOf(1), nowMs: rig.nowMs }).records).toEqual([]);
    expect(rig.run(rig.shard.verifyTransaction({ name: NAME, session, participants: partitionsOf(0, 1) }))).toBeUndefined();
    expect(() => rig.run(rig.shard.verifyTransaction({ name: NAME, session, participants: partitionsOf(5) }))).toThrow(
      because('INVALID_TRANSACTION_STATE'),
    );
  });

  it('sends no marker of a decision that is not committed', () => {
    const rig = new ShardRig();
    const session = rig.init();
    rig.add(session);
    const { records } = rig.shard.endTransaction({ name: NAME, session, outcome: 'commit', nowMs: rig.nowMs });
    const undo = records.map((record) => rig.shard.replay(record));
    expect([...rig.shard.waitingMarkers()]).toEqual([]);
    for (const step of undo.reverse()) step();
    expect(rig.state).toBe('ongoing');
    expect(rig.end(session, 'abort').session).toEqual(sessionOf(1, 1));
    expect(rig.shard.markerOf(NAME)?.outcome).toBe('abort');
  });

  it('is not decided by an end of an earlier one that comes late', () => {
    const rig = new ShardRig();
    const first = rig.init();
    rig.add(first);
    const { session } = rig.end(first, 'abort');
    rig.complete();
    expect(rig.end(first, 'abort')).toEqual({ session, complete: true });
    expect(() => rig.end(first, 'commit')).toThrow(because('INVALID_TRANSACTION_STATE'));
    rig.add(session);
    for (const outcome of ['commit', 'abort'] as const) expect(() => rig.end(first, outcome)).toThrow(because('FENCED_PRODUCER'));
    expect(rig.state).toBe('ongoing');
  });

  it('can be aborted but not committed when nothing of it arrived', () => {
    const rig = new ShardRig();
    const session = rig.init();
    expect(() => rig.end(session, 'commit')).toThrow(because('INVALID_TRANSACTION_STATE'));
    expect(rig.end(session, 'abort')).toEqual({ session: sessionOf(1, 1), complete: true });
    // A batch that is still on its way begins nothing.
    expect(() => rig.add(session)).toThrow(because('FENCED_PRODUCER'));
  });

  it('is aborted when its time is over, and its producer may begin anew after an abort', () => {
    const rig = new ShardRig();
    const session = rig.init();
    rig.add(session);
    expect(rig.shard.nextTimeoutMs()).toBe(rig.nowMs + 60_000);
    rig.nowMs += 59_999;
    expect(rig.shard.expireTransactions(rig.nowMs).records).toEqual([]);
    rig.nowMs += 1;
    rig.run(rig.shard.expireTransactions(rig.nowMs));
    expect(rig.state).toBe('prepareAbort');
    expect(rig.shard.nextTimeoutMs()).toBeUndefined();
    expect(() => rig.end(session, 'commit')).toThrow(because('TRANSACTION_ABORTED'));
    expect(() => rig.add(session)).toThrow(because('TRANSACTION_ABORTED'));
    rig.complete();
    expect(() => rig.end(session, 'commit')).toThrow(because('TRANSACTION_ABORTED'));
    expect(rig.end(session, 'abort')).toEqual({ session: sessionOf(1, 1), complete: true });
  });

  it('is aborted by an operator', () => {
    const rig = new ShardRig();
    const abort = (): undefined => rig.run(rig.shard.abortTransaction({ name: NAME, nowMs: rig.nowMs }));
    expect(abort).toThrow(because('UNKNOWN_TRANSACTIONAL_ID'));
    const session = rig.init();
    expect(abort).toThrow(because('INVALID_TRANSACTION_STATE'));
    rig.add(session);
    abort();
    expect(abort).toThrow(because('CONCURRENT_TRANSACTIONS'));
    rig.complete();
    expect(() => rig.end(session, 'commit')).toThrow(because('TRANSACTION_ABORTED'));
    expect(rig.init(session)).toEqual(sessionOf(1, 2));
  });

  it('has at most 10,000 partitions', () => {
    const rig = new ShardRig();
    const session = rig.init();
    rig.add(session, partitionsOf(...Array.from({ length: 10_000 }, (_, index) => index)));
    expect(() => rig.add(session, partitionsOf(10_000))).toThrow(because('TRANSACTION_TOO_LARGE'));
    expect(rig.end(session, 'commit').complete).toBe(false);
  });
});
