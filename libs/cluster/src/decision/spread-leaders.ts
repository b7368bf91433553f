import type { BrokerId } from '@moldau/kernel';
import type { BrokerImage } from '../image/metadata-image.ts';
import type { ReplicaLoad } from './replica-load.ts';

/**
 * The same placements with preferred leaders that differ by one at most, as far as the placements allow: while one broker
 * leads two more than another, leadership is handed on along partitions that they share, over others if need be. Each hand-on
 * brings two brokers nearer, so it ends.
 */
export function spreadLeaders(placed: readonly (readonly BrokerId[])[], brokers: readonly BrokerImage[], load: ReplicaLoad): BrokerId[][] {
  const partitions = placed.map((replicas) => [...replicas]);
  const ids = brokers.map(({ brokerId }) => brokerId);
  for (let moved = true; moved; ) moved = ids.some((from) => handOn(partitions, from, load));
  return partitions;
}

/** Hands one leadership of `from` on to a broker that leads at least two fewer. False: there is no way to one. */
function handOn(partitions: BrokerId[][], from: BrokerId, load: ReplicaLoad): boolean {
  /** The partition through which a broker was reached. */
  const reachedBy = new Map<BrokerId, BrokerId[] | undefined>([[from, undefined]]);
  for (const id of reachedBy.keys()) {
    if (load.leadersOf(id) <= load.leadersOf(from) - 2) {
      for (let to = id; ; ) {
        const partition = reachedBy.get(to);
        if (partition === undefined) return true;
        const before = partition[0] as BrokerId;
        partition.splice(partition.indexOf(to), 1);
        partition.unshift(to);
        load.moveLeader(before, to);
        to = before;
      }
    }
    for (const partition of partitions) {
      if (partition[0] !== id) continue;
      for (const other of partition) if (!reachedBy.has(other)) reachedBy.set(other, partition);
    }
  }
  return false;
}
