import { type BrokerEpoch, type BrokerId, brokerEpoch, leaderEpoch, partitionEpoch } from '@moldau/kernel';
import type { BrokerImage } from '../image/metadata-image.ts';
import type { PartitionState } from '../image/record-codec.ts';

/** The brokers as a decision on a partition sees them. */
export type BrokersById = Pick<ReadonlyMap<BrokerId, BrokerImage>, 'get'>;

/** The leader's broker epoch where there is no leader. */
export const NO_BROKER_EPOCH = brokerEpoch(0);

/** The state under another leader, or none: a new leader epoch. */
export function lead<State extends PartitionState>(state: State, leader: BrokerId | undefined, leaderBrokerEpoch: BrokerEpoch): State {
  return { ...state, leader, leaderBrokerEpoch, leaderEpoch: leaderEpoch(state.leaderEpoch + 1) };
}

/** The state as the record's next version. */
export function nextVersion(state: PartitionState): PartitionState {
  return { ...state, partitionEpoch: partitionEpoch(state.partitionEpoch + 1) };
}

/**
 * The state with another ISR. Those who leave it have all that was committed as long as too few are left to commit more, so
 * they may lead (KIP-966); once enough are in sync, only they may.
 */
export function withIsr<State extends PartitionState>(state: State, isr: readonly BrokerId[]): State {
  if (isr.length >= state.minIsr) return { ...state, isr, elr: [], lastKnownElr: [], lastKnownEnds: [] };
  return { ...withoutLastKnown(state, isr), isr, elr: without(union(state.elr, state.isr), isr) };
}

/** The state in which these are not among the last known any more. */
export function withoutLastKnown<State extends PartitionState>(state: State, gone: readonly BrokerId[]): State {
  const kept = state.lastKnownElr.map((id, i) => ({ id, end: state.lastKnownEnds[i] })).filter(({ id }) => !gone.includes(id));
  if (kept.length === state.lastKnownElr.length) return state;
  return { ...state, lastKnownElr: kept.map(({ id }) => id), lastKnownEnds: kept.flatMap(({ end }) => (end === undefined ? [] : [end])) };
}

/** Whether the replica is the last that had any right to lead, and damaged. */
export function isDamaged({ lastKnownElr, lastKnownEnds }: PartitionState, id: BrokerId): boolean {
  return (lastKnownEnds[lastKnownElr.indexOf(id)]?.endOffset ?? 0) < 0;
}

/** Whether a broker may be made a leader now. */
export function serves(broker: BrokerImage | undefined): broker is BrokerImage {
  return broker?.fenced === false;
}

/** Whether a broker serves and means to stay. */
export function stays(broker: BrokerImage | undefined): broker is BrokerImage {
  return serves(broker) && !broker.shuttingDown;
}

export function union(left: readonly BrokerId[], right: readonly BrokerId[]): BrokerId[] {
  return [...new Set([...left, ...right])];
}

export function without(ids: readonly BrokerId[], gone: readonly BrokerId[]): BrokerId[] {
  return ids.filter((id) => !gone.includes(id));
}
