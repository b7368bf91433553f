import { type BrokerId, leaderEpoch, type PartitionIndex } from '@moldau/kernel';
import { describe, expect, it } from 'vitest';
import { decodePartition, encodePartition, type PartitionState } from '../image/record-codec.ts';
import { testBroker, testBrokers, testPartition, testTopicId, topicImage } from '../testing/image-fixture.ts';
import { condemn, damageWrites, type ReportedReplica, reportWrites, stripRights, suspendRights } from './replica-rights.ts';
import { electUncleanly, settlePartition } from './settle-partition.ts';

const ZERO = 0 as BrokerId;
const END = { lastEpoch: 3, endOffset: 40 };

function brokers(...list: readonly ReturnType<typeof testBroker>[]) {
  return new Map(list.map((broker) => [broker.brokerId, broker]));
}

describe('a replica that lost its directory', () => {
  it('has no right to lead any more', () => {
    const stripped = stripRights(testPartition(), ZERO, brokers(testBroker(0, { fenced: true }), testBroker(1)));
    expect(stripped).toMatchObject({ leader: 1, isr: [1, 2], elr: [] });
    expect(stripRights(testPartition({ isr: testBrokers(1), leader: 1 as BrokerId }), ZERO, brokers())).toBeUndefined();
  });

  it('is waited for no longer, so that the longest of the others may lead', () => {
    const fields = {
      leader: undefined,
      isr: [],
      elr: [],
      lastKnownElr: testBrokers(0, 1),
      lastKnownEnds: [END, { lastEpoch: 3, endOffset: 30 }],
    };
    const stripped = stripRights(testPartition(fields), ZERO, brokers(testBroker(0), testBroker(1)));
    expect(stripped).toMatchObject({ leader: 1, isr: [1], lastKnownElr: [] });
  });
});

describe('a replica whose log is in doubt', () => {
  it('leaves ISR and leadership, and is remembered only while the others are too few', () => {
    const enough = suspendRights(testPartition(), ZERO, END, brokers(testBroker(0), testBroker(1), testBroker(2)));
    expect(enough).toMatchObject({ leader: 1, isr: [1, 2], lastKnownElr: [] });
    const few = suspendRights(testPartition({ isr: testBrokers(0, 1) }), ZERO, END, brokers(testBroker(1)));
    expect(few).toMatchObject({ leader: 1, isr: [1], elr: [], lastKnownElr: [0], lastKnownEnds: [END] });
  });

  it('is not elected in the life that is over, though its record still shows that', () => {
    const alone = testPartition({ replicas: testBrokers(0), minIsr: 1 });
    const suspended = suspendRights(alone, ZERO, END, brokers(testBroker(0)));
    expect(suspended).toMatchObject({ leader: undefined, isr: [], elr: [], lastKnownElr: [0], leaderEpoch: 1 });
  });

  it('may say anew where its log ends', () => {
    const fields = { leader: undefined, isr: [], elr: testBrokers(1), lastKnownElr: testBrokers(0), lastKnownEnds: [END] };
    expect(suspendRights(testPartition(fields), ZERO, END, brokers())).toBeUndefined();
    const again = suspendRights(testPartition(fields), ZERO, { lastEpoch: 3, endOffset: 10 }, brokers());
    expect(again).toMatchObject({ lastKnownElr: [0], lastKnownEnds: [{ lastEpoch: 3, endOffset: 10 }] });
  });
});

describe('a replica that is damaged', () => {
  const all = brokers(testBroker(0), testBroker(1), testBroker(2));
  const settings = { minIsr: 2, flush: 'sync' } as const;
  const stored = (state: PartitionState | undefined) => decodePartition(encodePartition(state as PartitionState, undefined), 2);

  it('loses leadership, ISR and ELR, and is not waited for while others have rights', () => {
    expect(condemn(testPartition(), ZERO, all)).toMatchObject({ leader: 1, isr: [1, 2], elr: [], lastKnownElr: [], lossyEpoch: undefined });
    const eligible = condemn(testPartition({ isr: testBrokers(1), leader: 1 as BrokerId, elr: testBrokers(0) }), ZERO, all);
    expect(eligible).toMatchObject({ leader: 1, isr: [1], elr: [] });
    expect(condemn(testPartition({ isr: testBrokers(1, 2), leader: 1 as BrokerId }), ZERO, all)).toBeUndefined();
  });

  it('is kept in mind where it is the last, and neither elected by the rules nor by an operator', () => {
    const last = condemn(testPartition({ isr: testBrokers(0) }), ZERO, all);
    expect(last).toMatchObject({ leader: undefined, isr: [], elr: [], lastKnownElr: [0], leaderEpoch: 1, lossyEpoch: 1 });
    expect(condemn(stored(last), ZERO, all)).toBeUndefined();
    expect(settlePartition(stored(last), all, settings)).toBeUndefined();
    expect(electUncleanly(stored(last), brokers(testBroker(0)))).toBeUndefined();
    expect(electUncleanly(stored(last), all)).toMatchObject({ leader: 1, isr: [1], lastKnownElr: [], lossyEpoch: 2 });
  });

  it('leads again once it was repaired and says where it ends, in an epoch that marks the loss', () => {
    const last = stored(condemn(testPartition({ isr: testBrokers(0) }), ZERO, all));
    const told = stored(suspendRights(last, ZERO, END, all));
    expect(told).toMatchObject({ leader: undefined, lastKnownElr: [0], lastKnownEnds: [END] });
    const led = settlePartition(told, all, settings);
    expect(led).toMatchObject({ leader: 0, isr: [0], lastKnownElr: [], leaderEpoch: 2, lossyEpoch: 1 });
  });
});

describe('a report after an unclean stop', () => {
  const topicId = testTopicId(0);
  const report = (fields: Partial<ReportedReplica>) =>
    new Map([[topicId, new Map([[0 as PartitionIndex, { ...END, cut: false, damaged: false, ...fields }]])]]);
  const written = (fields: Partial<PartitionState>, reported: Partial<ReportedReplica>) => {
    return reportWrites(imageWith(fields), ZERO, report(reported), 10).map(({ value }) => decodePartition(value ?? new Uint8Array(), 2));
  };
  const imageWith = (fields: Partial<PartitionState>) =>
    topicImage([{ leaderEpoch: leaderEpoch(3), ...fields }], { 0: {}, 1: {}, 2: {} }, 7);

  it('of damage that a running broker found does not speak of records that are newer than what the broker knew', () => {
    const image = imageWith({});
    expect(damageWrites(image, ZERO, report({ damaged: true }), 6, 10)).toEqual([]);
    expect(damageWrites(image, ZERO, report({ damaged: true }), 7, 10)).toHaveLength(1);
  });

  it('leaves a flushed log that lost nothing its rights', () => {
    expect(written({}, {})).toEqual([]);
  });

  it('raises the leader epoch above that of a log that is newer than its record, which was restored from a backup', () => {
    const [raised] = written({ leaderEpoch: leaderEpoch(1) }, {});
    expect(raised).toMatchObject({ leader: 1, isr: [0, 1, 2] });
    expect(raised?.leaderEpoch).toBeGreaterThan(END.lastEpoch);
    const next = { leader: raised?.leader, leaderEpoch: raised?.leaderEpoch ?? leaderEpoch(0) };
    expect(written(next, {})).toEqual([]);
  });

  it('takes an epoch far ahead of the record for damage', () => {
    const { lastEpoch } = END;
    const far = { lastEpoch: lastEpoch + 1_000_001 };
    expect(written({}, far)).toMatchObject([{ leader: 1, isr: [1, 2], leaderEpoch: lastEpoch + 2 }]);
  });

  it('takes them from one that was cut, or that was acknowledged before it was flushed', () => {
    expect(written({}, { cut: true })).toMatchObject([{ leader: 1, isr: [1, 2] }]);
    expect(written({ flush: 'async' }, {})).toMatchObject([{ leader: 1, isr: [1, 2] }]);
  });

  it('takes them from one on its way from flush=async to sync', () => {
    expect(written({ flush: 'syncing' }, {})).toMatchObject([{ leader: 1, isr: [1, 2] }]);
  });

  it('takes all from one that is damaged', () => {
    expect(written({ isr: testBrokers(0, 1) }, { damaged: true })).toMatchObject([{ leader: 1, isr: [1], elr: [], lastKnownElr: [] }]);
  });

  it('lets one that was in doubt before say anew where it ends, also if nothing was cut this time', () => {
    const doubted = {
      leader: undefined,
      isr: [],
      elr: [],
      lastKnownElr: testBrokers(0, 1),
      lastKnownEnds: [
        { lastEpoch: 3, endOffset: 50 },
        { lastEpoch: 3, endOffset: 45 },
      ],
    };
    // It ends before the other now, which leads at once.
    expect(written(doubted, {})).toMatchObject([{ leader: 1, isr: [1], lastKnownElr: [] }]);
  });
});
