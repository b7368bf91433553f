import { MoldauError } from '@moldau/kernel';
import type { PartitionState } from '../health/partition-state.ts';
import type { Move } from '../input/partitions.ts';

/** A broker that may take replicas. */
export interface PlanBroker {
  readonly brokerId: number;
  readonly rack: string | undefined;
}

/**
 * Where the replicas of partitions shall be so that all are on these brokers, with as few moves as that takes: what is there stays,
 * and the rest goes, in the place of what must leave, to the broker with the least of these partitions, outside the racks of the other
 * replicas where there is one. Partitions that need no move are left out.
 *
 * @throws MoldauError INVALID_REPLICA_ASSIGNMENT where there are fewer brokers than a partition has replicas
 */
export function planMoves(states: readonly PartitionState[], brokers: readonly PlanBroker[]): readonly Move[] {
  const racks = new Map(brokers.map(({ brokerId, rack }) => [brokerId, rack]));
  const held = new Map(brokers.map(({ brokerId }) => [brokerId, 0]));
  const led = new Map(held);
  const count = (counts: Map<number, number>, id: number | undefined): void => {
    if (id !== undefined && counts.has(id)) counts.set(id, (counts.get(id) ?? 0) + 1);
  };
  const targets = states.map(targetOf);
  for (const target of targets) {
    for (const id of target) count(held, id);
    count(led, target[0]);
  }
  return states.flatMap((state, at): Move[] => {
    const target = targets[at] ?? [];
    if (target.length > brokers.length) throw tooFew(state, target.length, brokers);
    const chosen = target.map((id) => (racks.has(id) ? id : undefined));
    if (chosen.every((id) => id !== undefined)) return [];
    for (const [place, id] of chosen.entries()) {
      if (id !== undefined) continue;
      const taken = new Set(chosen);
      const usedRacks = new Set(chosen.flatMap((other) => (other === undefined ? [] : [racks.get(other) ?? `broker ${other}`])));
      const costOf = (broker: PlanBroker): readonly number[] => [
        broker.rack !== undefined && usedRacks.has(broker.rack) ? 1 : 0,
        place === 0 ? (led.get(broker.brokerId) ?? 0) : 0,
        held.get(broker.brokerId) ?? 0,
        broker.brokerId,
      ];
      const free = brokers.filter(({ brokerId }) => !taken.has(brokerId));
      const [best] = free.toSorted((one, other) => compare(costOf(one), costOf(other)));
      if (best === undefined) throw tooFew(state, target.length, brokers);
      chosen[place] = best.brokerId;
      count(held, best.brokerId);
      if (place === 0) count(led, best.brokerId);
    }
    return [{ topic: state.topic, partition: state.partition, replicas: chosen.filter((id) => id !== undefined) }];
  });
}

/** Where a partition's replicas are, or will be once the move under way is over. */
function targetOf({ replicas, removing }: PartitionState): readonly number[] {
  return replicas.filter((id) => !removing.includes(id));
}

function compare(one: readonly number[], other: readonly number[]): number {
  for (const [at, value] of one.entries()) if (value !== other[at]) return value - (other[at] ?? 0);
  return 0;
}

function tooFew({ topic, partition }: PartitionState, replicas: number, brokers: readonly PlanBroker[]): MoldauError {
  const message = `${topic}/${partition} has ${replicas} replicas, and only ${brokers.length} brokers are to hold them`;
  const facts = { topic, partition: String(partition), value: String(replicas), limit: String(brokers.length) };
  return new MoldauError('INVALID_REPLICA_ASSIGNMENT', message, facts);
}
