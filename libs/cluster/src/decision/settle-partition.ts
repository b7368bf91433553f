import { type BrokerEpoch, type BrokerId, brokerEpoch, leaderEpoch, partitionEpoch } from '@moldau/kernel';
import type { BrokerImage, FlushMode, PartitionImage } from '../image/metadata-image.ts';
import type { PartitionState } from '../image/record-codec.ts';

export type BrokersById = Pick<ReadonlyMap<BrokerId, BrokerImage>, 'get'>;

/** What a partition's record takes from its topic's settings. */
export interface PartitionSettings {
  /** min(min.insync.replicas, replication factor). */
  readonly minIsr: number;
  readonly flush: FlushMode;
}

const NO_BROKER_EPOCH = brokerEpoch(0);

/**
 * The state that a partition's record should have, given who serves; undefined when it has it. One rule for a broker that is
 * fenced, that comes back, that wants to stop, for changed settings, and for what an earlier controller left undone:
 *
 * - a fenced broker is in no ISR; where the ISR would fall below minIsr it moves to the ELR (KIP-966), from which it may lead again;
 * - a leader serves, in the life in which it was elected; else the next is elected: from the ISR, then from the ELR, by the
 *   order of the replicas; a broker that wants to stop leads only where nobody else can;
 * - the leader epoch rises with each change of the leader, also to none; the partition epoch with each change.
 */
export function settlePartition(partition: PartitionImage, brokers: BrokersById, settings: PartitionSettings): PartitionState | undefined {
  const withSettings = adoptSettings(partition, settings);
  const settled = electLeader(shrinkIsr(withSettings, brokers), brokers);
  return settled === partition ? undefined : { ...settled, partitionEpoch: partitionEpoch(partition.partitionEpoch + 1) };
}

/**
 * The state after a replica has lost all it had (a new directory): it has no right to lead any more. Undefined when it had none.
 */
export function stripRights(partition: PartitionImage, lost: BrokerId, brokers: BrokersById): PartitionState | undefined {
  if (!partition.isr.includes(lost) && !partition.elr.includes(lost) && partition.leader !== lost) return undefined;
  const isr = without(partition.isr, [lost]);
  const elr = without(partition.elr, [lost]);
  const nobody = isr.length === 0 && elr.length === 0;
  const lastKnownElr = nobody
    ? union(partition.lastKnownElr, without(union(partition.isr, partition.elr), [lost]))
    : partition.lastKnownElr;
  const leaderless = partition.leader === lost ? lead(partition, undefined, NO_BROKER_EPOCH) : partition;
  const stripped = electLeader({ ...leaderless, isr, elr, lastKnownElr }, brokers);
  return { ...stripped, partitionEpoch: partitionEpoch(partition.partitionEpoch + 1) };
}

/** Changed settings clear the ELR, which was reckoned by the old ones; while the ISR is empty nothing was committed since, and it stays. */
function adoptSettings<State extends PartitionState>(state: State, settings: PartitionSettings): State {
  if (state.minIsr === settings.minIsr && state.flush === settings.flush) return state;
  const elr = state.isr.length === 0 ? state.elr : [];
  return { ...state, minIsr: settings.minIsr, flush: settings.flush, elr };
}

function shrinkIsr<State extends PartitionState>(state: State, brokers: BrokersById): State {
  const isr = state.isr.filter((id) => brokers.get(id)?.fenced === false);
  if (isr.length === state.isr.length && (state.elr.length === 0 || isr.length < state.minIsr)) return state;
  const elr = isr.length < state.minIsr ? without(union(state.elr, state.isr), isr) : [];
  return { ...state, isr, elr };
}

function electLeader<State extends PartitionState>(state: State, brokers: BrokersById): State {
  const current = state.leader === undefined ? undefined : brokers.get(state.leader);
  const legitimate =
    current !== undefined && !current.fenced && current.brokerEpoch === state.leaderBrokerEpoch && state.isr.includes(current.brokerId);
  const staying = legitimate && !current.shuttingDown;
  if (staying) return state;
  const next = candidate(state, state.isr, brokers, legitimate) ?? (legitimate ? undefined : candidate(state, state.elr, brokers, false));
  if (next === undefined) {
    if (legitimate || state.leader === undefined) return state;
    return lead(state, undefined, NO_BROKER_EPOCH);
  }
  const led = lead(state, next.brokerId, next.brokerEpoch);
  if (led.isr.includes(next.brokerId)) return led;
  return { ...led, isr: [next.brokerId], elr: led.minIsr <= 1 ? [] : without(led.elr, [next.brokerId]), lastKnownElr: [] };
}

/** The first replica among `eligible` that can lead; one that wants to stop only when `othersOnly` is not asked for. */
function candidate(
  state: PartitionState,
  eligible: readonly BrokerId[],
  brokers: BrokersById,
  othersOnly: boolean,
): BrokerImage | undefined {
  const able = state.replicas
    .filter((id) => eligible.includes(id))
    .map((id) => brokers.get(id))
    .filter((broker): broker is BrokerImage => broker?.fenced === false);
  const lasting = able.find((broker) => !broker.shuttingDown);
  return lasting ?? (othersOnly ? undefined : able[0]);
}

function lead<State extends PartitionState>(state: State, leader: BrokerId | undefined, leaderBrokerEpoch: BrokerEpoch): State {
  return { ...state, leader, leaderBrokerEpoch, leaderEpoch: leaderEpoch(state.leaderEpoch + 1) };
}

function union(left: readonly BrokerId[], right: readonly BrokerId[]): BrokerId[] {
  return [...new Set([...left, ...right])];
}

function without(ids: readonly BrokerId[], gone: readonly BrokerId[]): BrokerId[] {
  return ids.filter((id) => !gone.includes(id));
}
