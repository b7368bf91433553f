import { type BrokerId, MoldauError } from '@moldau/kernel';
import type { PartitionState } from '../image/record-codec.ts';
import { type BrokersById, lead, nextVersion, serves, stays, withIsr, without, withoutLastKnown } from './partition-change.ts';
import { REPLICATION_FACTOR_MAX } from './place-replicas.ts';

/**
 * A reassignment is recorded in the partition itself, so any controller goes on with it:
 *
 *     replicas = target + removing, adding = target − what it was     AlterPartitionReassignments
 *     every one of `adding` is in sync                                leaders propose them (AlterPartitions)
 *     a leader that is being removed gives way to a target replica    advanceReassignment
 *     replicas = target                                               advanceReassignment
 *
 * Until the last step the old replicas are as good as they were, and cancelling leads back to them.
 */

/** Where the replicas shall be once the reassignment is over; without one, where they are. */
export function targetReplicas({ replicas, removing }: PartitionState): BrokerId[] {
  return without(replicas, removing);
}

/** Whether replicas are being moved. */
export function isReassigning({ adding, removing }: PartitionState): boolean {
  return adding.length > 0 || removing.length > 0;
}

/**
 * The state that begins a reassignment, or turns one that is under way to another target. Undefined when it is so already.
 * @throws MoldauError UNKNOWN_BROKER, INVALID_REPLICA_ASSIGNMENT
 */
export function beginReassignment(state: PartitionState, target: readonly BrokerId[], brokers: BrokersById): PartitionState | undefined {
  const settled = without(state.replicas, state.adding);
  checkTarget(state, target, brokers);
  if (sameOrder(target, targetReplicas(state))) return undefined;
  const adding = without(target, settled);
  const removing = without(settled, target);
  const replicas = [...target, ...removing];
  return nextVersion(dropped({ ...state, replicas, adding, removing }, without(state.replicas, replicas), brokers));
}

/**
 * The state after a reassignment was taken back.
 * @throws MoldauError NO_REASSIGNMENT; INVALID_REPLICA_ASSIGNMENT when too few of the old replicas are in sync to go back to
 */
export function cancelReassignment(state: PartitionState, brokers: BrokersById): PartitionState {
  if (!isReassigning(state)) throw new MoldauError('NO_REASSIGNMENT', 'the replicas of this partition are not being moved');
  const replicas = without(state.replicas, state.adding);
  return nextVersion(dropped({ ...state, replicas, adding: [], removing: [] }, state.adding, brokers));
}

/** The state after the next step of a reassignment; the same while it waits for replicas to be in sync. */
export function advanceReassignment(state: PartitionState, brokers: BrokersById): PartitionState {
  if (!isReassigning(state)) return state;
  const target = targetReplicas(state);
  const inSync = target.filter((id) => state.isr.includes(id));
  const caughtUp = state.adding.every((id) => state.isr.includes(id)) && inSync.length >= Math.min(state.minIsr, target.length);
  if (!caughtUp || state.leader === undefined) return state;
  if (state.removing.includes(state.leader)) {
    const next = nextLeader(inSync, brokers);
    return next === undefined ? state : lead(state, next.brokerId, next.brokerEpoch);
  }
  return released({ ...state, replicas: target, adding: [], removing: [] }, state.removing);
}

function nextLeader(inSync: readonly BrokerId[], brokers: BrokersById) {
  return inSync.map((id) => brokers.get(id)).find(stays);
}

/** The state without what the replicas that are gone stood for. */
function released(state: PartitionState, gone: readonly BrokerId[]): PartitionState {
  const left = withoutLastKnown({ ...state, elr: without(state.elr, gone) }, gone);
  const isr = without(left.isr, gone);
  return isr.length === left.isr.length ? left : withIsr({ ...left, isr }, isr);
}

/** The state after replicas were given up before the reassignment was over; refused where what is left could not keep the promise. */
function dropped(state: PartitionState, gone: readonly BrokerId[], brokers: BrokersById): PartitionState {
  if (gone.length === 0) return state;
  const isr = without(state.isr, gone);
  const losesRights = isr.length < state.isr.length || gone.some((id) => state.elr.includes(id) || state.lastKnownElr.includes(id));
  if (losesRights && isr.length < state.minIsr) {
    const facts = { in_sync: isr.join(','), limit: String(state.minIsr) };
    throw new MoldauError(
      'INVALID_REPLICA_ASSIGNMENT',
      `${isr.length} of the other replicas are in sync, and min.insync.replicas is ${state.minIsr}: giving up ${gone.join(', ')} could lose records`,
      facts,
    );
  }
  const left = released(state, gone);
  if (left.leader === undefined || !gone.includes(left.leader)) return left;
  const next = nextLeader(
    left.replicas.filter((id) => isr.includes(id)),
    brokers,
  );
  if (next === undefined) throw new MoldauError('NO_ELIGIBLE_LEADER', 'no other replica in sync could lead', { in_sync: isr.join(',') });
  return lead(left, next.brokerId, next.brokerEpoch);
}

function checkTarget(state: PartitionState, target: readonly BrokerId[], brokers: BrokersById): void {
  const refuse = (why: string, limit: string): MoldauError =>
    new MoldauError('INVALID_REPLICA_ASSIGNMENT', `replicas ${target.join(', ')}: ${why}`, { replicas: target.join(','), limit });
  const twice = target.find((id, i) => target.indexOf(id) !== i);
  if (twice !== undefined) throw refuse(`broker ${twice} is named twice`, 'each broker once');
  if (target.length < 1 || target.length > REPLICATION_FACTOR_MAX)
    throw refuse(`there are ${target.length}`, `1 to ${REPLICATION_FACTOR_MAX}`);
  if (target.length < state.minIsr) throw refuse(`fewer than min.insync.replicas, ${state.minIsr}`, String(state.minIsr));
  for (const id of target) {
    const broker = brokers.get(id);
    if (broker === undefined) throw new MoldauError('UNKNOWN_BROKER', `no broker ${id} is registered`, { broker_id: String(id) });
    if (state.replicas.includes(id)) continue;
    if (broker.cordoned) throw refuse(`broker ${id} is cordoned`, 'brokers that take replicas');
    if (!serves(broker)) throw refuse(`broker ${id} is fenced`, 'brokers that serve');
  }
}

function sameOrder(left: readonly BrokerId[], right: readonly BrokerId[]): boolean {
  return left.length === right.length && left.every((id, i) => right[i] === id);
}
