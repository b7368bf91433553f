import { assert, type BrokerId, MoldauError, type Random } from '@moldau/kernel';
import type { BrokerImage, MetadataImage } from '../image/metadata-image.ts';

/** Brokers that take new replicas, by id: serving, not cordoned, not about to stop. */
export function placeableBrokers(image: MetadataImage): BrokerImage[] {
  return [...image.brokers.values()]
    .filter((broker) => !broker.fenced && !broker.cordoned && !broker.shuttingDown)
    .sort((left, right) => left.brokerId - right.brokerId);
}

/**
 * Replicas for `count` partitions, each list with the preferred leader first. Leaders go round the brokers from a random
 * one; followers are the next ones at a distance that changes with each round, so that the load of a broker that fails
 * spreads over all others. Where brokers have racks, the order alternates between racks, so a partition's replicas lie in
 * as many racks as there are.
 * @throws MoldauError INVALID_REPLICATION_FACTOR when there are fewer brokers than replicas
 */
export function placeReplicas(brokers: readonly BrokerImage[], count: number, replicationFactor: number, random: Random): BrokerId[][] {
  assert(count > 0 && replicationFactor > 0, 'there is something to place', { count, replicationFactor });
  if (brokers.length < replicationFactor) throw tooFewBrokers(replicationFactor, brokers.length);
  const ring = alternateRacks(brokers);
  const start = random.below(ring.length);
  let distance = ring.length > 1 ? random.below(ring.length - 1) : 0;
  return Array.from({ length: count }, (_, index) => {
    if (index > 0 && index % ring.length === 0) distance += 1;
    return replicasFrom(ring, start + index, distance, replicationFactor);
  });
}

export function tooFewBrokers(replicationFactor: number, available: number): MoldauError {
  const facts = { replication_factor: String(replicationFactor), limit: String(available) };
  return new MoldauError('INVALID_REPLICATION_FACTOR', `replication factor ${replicationFactor}: brokers that serve: ${available}`, facts);
}

function replicasFrom(ring: readonly BrokerImage[], first: number, distance: number, replicationFactor: number): BrokerId[] {
  const leader = ring[first % ring.length] as BrokerImage;
  const others = ring.length - 1;
  const order = Array.from({ length: others }, (_, i) => ring[(first + 1 + ((distance + i) % others)) % ring.length] as BrokerImage);
  const chosen = [leader];
  // First those in racks that have no replica yet, then any.
  for (const freshRacks of [true, false]) {
    for (const broker of order) {
      if (chosen.length === replicationFactor) break;
      if (chosen.includes(broker)) continue;
      if (!freshRacks || !chosen.some((other) => other.rack !== undefined && other.rack === broker.rack)) chosen.push(broker);
    }
  }
  return chosen.map((broker) => broker.brokerId);
}

/** The brokers in an order in which neighbours are of different racks as far as possible. */
function alternateRacks(brokers: readonly BrokerImage[]): BrokerImage[] {
  const racks = new Map<string, BrokerImage[]>();
  for (const broker of brokers) {
    const rack = broker.rack ?? '';
    racks.set(rack, [...(racks.get(rack) ?? []), broker]);
  }
  const queues = [...racks].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, queue]) => queue);
  const ring: BrokerImage[] = [];
  for (let round = 0; ring.length < brokers.length; round += 1) {
    for (const queue of queues) {
      const broker = queue[round];
      if (broker !== undefined) ring.push(broker);
    }
  }
  return ring;
}
