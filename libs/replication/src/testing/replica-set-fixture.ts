import { type BrokerEpoch, type BrokerId, brokerEpoch, brokerId, leaderEpoch, type Offset, partitionEpoch } from '@moldau/kernel';
import type { FollowerEnds, LeaderEnds } from '../leader/replica-progress.ts';
import { type CommittedTerms, ReplicaSet } from '../leader/replica-set.ts';

export const [ONE, TWO, THREE] = [brokerId(1), brokerId(2), brokerId(3)];
export const REPLICAS = [ONE, TWO, THREE];
export const MAX_LAG_MS = 1000;

export const own = (end: number, flushed = end): LeaderEnds => ({
  logEnd: end as Offset,
  writtenEnd: end as Offset,
  flushedEnd: flushed as Offset,
});
export const at = (end: number, flushed = end): FollowerEnds => ({
  receivedEnd: end as Offset,
  writtenEnd: end as Offset,
  flushedEnd: flushed as Offset,
});
export const terms = (isr: readonly BrokerId[], rest: Partial<CommittedTerms> = {}): CommittedTerms => ({
  isr,
  minIsr: 2,
  flush: 'sync',
  ...rest,
});
export const lives = (id: BrokerId): BrokerEpoch => brokerEpoch(100 + id);
export const EVERYONE = { maxLagMs: MAX_LAG_MS, lives };

/** A leader whose log ends at 10, all flushed, with its watermark at 5 and the epoch's start at 8. */
export function leader(isr: readonly BrokerId[], rest: Partial<CommittedTerms> = {}): ReplicaSet {
  const set = new ReplicaSet({
    self: ONE,
    leaderEpoch: leaderEpoch(4),
    epochStart: 8 as Offset,
    highWatermark: 5 as Offset,
    terms: terms(isr, rest),
    partitionEpoch: partitionEpoch(7),
    replicas: REPLICAS,
    nowMs: 0,
  });
  set.own(own(10), 0);
  return set;
}

export function proposed(
  set: ReplicaSet,
  nowMs: number,
  options: Parameters<ReplicaSet['propose']>[1] = EVERYONE,
): readonly BrokerId[] | undefined {
  return set.propose(nowMs, options)?.isr.map(({ brokerId: id }) => id);
}
