import type { BrokerId } from '@moldau/kernel';
import type { BrokerImage, FlushMode, PartitionFlush, PartitionImage } from '../image/metadata-image.ts';
import type { PartitionState } from '../image/record-codec.ts';
import { type BrokersById, isDamaged, lead, NO_BROKER_EPOCH, nextVersion, serves, withIsr, without } from './partition-change.ts';
import { advanceReassignment } from './reassign-partition.ts';
import { withoutSlow } from './slow-disks.ts';

/** What a partition's record takes from its topic's settings. */
export interface PartitionSettings {
  /** min(min.insync.replicas, replication factor). */
  readonly minIsr: number;
  readonly flush: FlushMode;
}

/**
 * The state that a partition's record should have, given who serves; undefined when it has it. One rule for a broker that is
 * fenced, that comes back, that wants to stop, for changed settings, for a reassignment, and for what an earlier controller
 * left undone:
 *
 * - a fenced broker is in no ISR; where the ISR would fall below minIsr it moves to the ELR (KIP-966), from which it may lead again;
 * - a broker whose disk is slow is in no ISR that has minIsr members without it, unless with flush=async;
 * - a leader serves, in the life in which it was elected; else the next is elected: from the ISR, then from the ELR, by the
 *   order of the replicas; a broker that wants to stop leads only where nobody else can;
 * - where ISR and ELR are empty, the one of the last known members with the longest log leads, and no other: where it is away
 *   the partition waits for it;
 * - flush=sync is reached from async by way of `syncing`, which the leader ends (`alterIsr`);
 * - a reassignment goes one step on (`advanceReassignment`);
 * - the leader epoch rises with each change of the leader, also to none; the partition epoch with each change.
 */
export function settlePartition(partition: PartitionImage, brokers: BrokersById, settings: PartitionSettings): PartitionState | undefined {
  const withSettings = adoptSettings(partition, settings);
  const led = electLeader(shrinkIsr(withSettings, brokers), brokers);
  const settled = advanceReassignment(led, brokers);
  return settled === partition ? undefined : nextVersion(settled);
}

/**
 * Changed settings clear the ELR, which was reckoned by the old ones; it stays where the ISR is too small by both, since then
 * nothing can have been committed without it.
 */
function adoptSettings(state: PartitionState, settings: PartitionSettings): PartitionState {
  const flush: PartitionFlush = settings.flush === 'sync' && state.flush !== 'sync' ? 'syncing' : settings.flush;
  if (state.minIsr === settings.minIsr && state.flush === flush) return state;
  const changed = { ...state, minIsr: settings.minIsr, flush };
  const idle = state.isr.length < Math.min(state.minIsr, settings.minIsr);
  return idle ? changed : { ...changed, elr: [], lastKnownElr: [], lastKnownEnds: [] };
}

function shrinkIsr(state: PartitionState, brokers: BrokersById): PartitionState {
  const serving = state.isr.filter((id) => serves(brokers.get(id)));
  const isr = withoutSlow(state, serving, brokers);
  const lingering = isr.length >= state.minIsr && state.elr.length + state.lastKnownElr.length > 0;
  return isr.length === state.isr.length && !lingering ? state : withIsr(state, isr);
}

/** The state with a leader that may lead, where there is one to be had. */
export function electLeader(state: PartitionState, brokers: BrokersById): PartitionState {
  const current = state.leader === undefined ? undefined : brokers.get(state.leader);
  const legitimate = serves(current) && current.brokerEpoch === state.leaderBrokerEpoch && state.isr.includes(current.brokerId);
  if (legitimate && !current.shuttingDown) return state;
  const inSync = candidate(state, state.isr, brokers, legitimate);
  if (inSync !== undefined) return lead(state, inSync.brokerId, inSync.brokerEpoch);
  if (legitimate) return state;
  const eligible = candidate(state, state.elr, brokers, false);
  if (eligible !== undefined) return alone(lead(state, eligible.brokerId, eligible.brokerEpoch), without(state.elr, [eligible.brokerId]));
  const longest = longestLastKnown(state, brokers);
  if (longest !== undefined) {
    const led = alone(lead(state, longest.brokerId, longest.brokerEpoch), []);
    // With flush=async an unclean stop may cost acknowledged records, so followers must be able to follow it down.
    return state.flush !== 'sync' ? { ...led, lossyEpoch: led.leaderEpoch } : led;
  }
  return state.leader === undefined ? state : lead(state, undefined, NO_BROKER_EPOCH);
}

/**
 * The state after an election at the price of acknowledged records: by the rules where they allow one, else any replica that
 * serves, with the longest log as far as that is known. Undefined when there is none.
 */
export function electUncleanly(partition: PartitionState, brokers: BrokersById): PartitionState | undefined {
  const clean = electLeader(partition, brokers);
  if (clean.leader !== undefined) return nextVersion(clean);
  const sound = partition.replicas.filter((id) => !isDamaged(partition, id));
  const able = sound.map((id) => brokers.get(id)).filter(serves);
  const next = ranked(partition, able)[0] ?? able.find((broker) => !broker.shuttingDown) ?? able[0];
  if (next === undefined) return undefined;
  const led = alone(lead(partition, next.brokerId, next.brokerEpoch), []);
  return nextVersion({ ...led, lossyEpoch: led.leaderEpoch });
}

/** The leader begins alone in the ISR; who was eligible beside it stays so while it can't commit. */
function alone(state: PartitionState, elr: readonly BrokerId[]): PartitionState {
  const isr = state.leader === undefined ? [] : [state.leader];
  return { ...state, isr, elr: state.minIsr <= 1 ? [] : elr, lastKnownElr: [], lastKnownEnds: [] };
}

/** The last known member with the longest log, when nobody else has rights and it serves. Every one of them has reported. */
function longestLastKnown(state: PartitionState, brokers: BrokersById): BrokerImage | undefined {
  if (state.isr.length > 0 || state.elr.length > 0) return undefined;
  const longest = longestEnd(state);
  const able = state.replicas
    .filter((id) => longest.includes(id))
    .map((id) => brokers.get(id))
    .filter(serves);
  return able.find((broker) => !broker.shuttingDown) ?? able[0];
}

/** Last known members whose logs are as long as any, by (epoch, end); nobody while one has not said where its log ends, or is damaged. */
function longestEnd({ lastKnownElr, lastKnownEnds }: PartitionState): BrokerId[] {
  if (lastKnownEnds.length !== lastKnownElr.length || lastKnownEnds.some(({ endOffset }) => endOffset < 0)) return [];
  const epoch = Math.max(...lastKnownEnds.map(({ lastEpoch }) => lastEpoch));
  const end = Math.max(...lastKnownEnds.filter(({ lastEpoch }) => lastEpoch === epoch).map(({ endOffset }) => endOffset));
  return lastKnownElr.filter((_, i) => lastKnownEnds[i]?.lastEpoch === epoch && lastKnownEnds[i]?.endOffset === end);
}

/** Those whose ends are known, the longest first. */
function ranked(state: PartitionState, able: readonly BrokerImage[]): BrokerImage[] {
  const end = (broker: BrokerImage) => state.lastKnownEnds[state.lastKnownElr.indexOf(broker.brokerId)];
  const known = able.filter((broker) => end(broker) !== undefined);
  return known.sort((left, right) => {
    const [one, other] = [end(left), end(right)];
    if (one === undefined || other === undefined) return 0;
    return other.lastEpoch - one.lastEpoch || other.endOffset - one.endOffset;
  });
}

/** The first replica among `eligible` that can lead, one with a slow disk behind the others; one that wants to stop only when `othersOnly` is not asked for. */
function candidate(
  state: PartitionState,
  eligible: readonly BrokerId[],
  brokers: BrokersById,
  othersOnly: boolean,
): BrokerImage | undefined {
  const able = state.replicas
    .filter((id) => eligible.includes(id))
    .map((id) => brokers.get(id))
    .filter(serves);
  const lasting = able.filter((broker) => !broker.shuttingDown);
  return lasting.find((broker) => !broker.slowDisk) ?? lasting[0] ?? (othersOnly ? undefined : able[0]);
}
