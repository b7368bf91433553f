import { assert, type BrokerId, MoldauError, present, type Random } from '@moldau/kernel';
import type { BrokerImage, MetadataImage } from '../image/metadata-image.ts';
import { type Rack, ReplicaLoad, racksOf } from './replica-load.ts';
import { spreadLeaders } from './spread-leaders.ts';

/** Replicas that a partition may have. */
export const REPLICATION_FACTOR_MAX = 32;

/** Brokers that take new replicas, by id: serving, not cordoned, not about to stop. */
export function placeableBrokers(image: MetadataImage): BrokerImage[] {
  return [...image.brokers.values()]
    .filter((broker) => !broker.fenced && !broker.cordoned && !broker.shuttingDown)
    .sort((left, right) => left.brokerId - right.brokerId);
}

export interface PlacementOptions {
  readonly replicationFactor: number;
  readonly random: Random;
  /** What the brokers have of the same topic already. Default nothing. */
  readonly load?: ReplicaLoad;
}

/**
 * Replicas for `count` partitions, each list with the preferred leader first. No two replicas of a partition are in one rack
 * while the racks suffice; where they don't, each has as few as can be. Among what that leaves, the brokers with the least
 * take the next replica, then those that share the fewest partitions with the others, so that the load of one that fails
 * spreads over all. Replicas and leaders of brokers differ by one at most where racks are of one size; chance decides the rest.
 * @throws MoldauError INVALID_REPLICATION_FACTOR when there are fewer brokers than replicas
 */
export function placeReplicas(brokers: readonly BrokerImage[], count: number, options: PlacementOptions): BrokerId[][] {
  const { replicationFactor, random, load = new ReplicaLoad() } = options;
  assert(count > 0 && replicationFactor > 0, 'there is something to place', { count, replicationFactor });
  if (brokers.length < replicationFactor) throw tooFewBrokers(replicationFactor, brokers.length);
  const racks = racksOf(brokers);
  const placed = Array.from({ length: count }, () => {
    const chosen: BrokerImage[] = [];
    while (chosen.length < replicationFactor) chosen.push(nextBroker(racks, chosen, load, random));
    const replicas = leaderFirst(
      chosen.map(({ brokerId }) => brokerId),
      load,
    );
    load.add(replicas);
    return replicas;
  });
  return spreadLeaders(placed, brokers, load);
}

/**
 * The broker that takes the place of one of a partition's replicas; undefined when no broker can. `brokers` are those that take
 * replicas, `others` hold the partition's other replicas, wherever they are.
 */
export function replacement(
  brokers: readonly BrokerImage[],
  others: readonly BrokerImage[],
  load: ReplicaLoad,
  random: Random,
): BrokerId | undefined {
  const free = brokers.filter(({ brokerId }) => !others.some((other) => other.brokerId === brokerId));
  if (free.length === 0) return undefined;
  return nextBroker(racksOf([...free, ...others]), others, load, random).brokerId;
}

export function tooFewBrokers(replicationFactor: number, available: number): MoldauError {
  const facts = { replication_factor: String(replicationFactor), limit: String(available) };
  return new MoldauError('INVALID_REPLICATION_FACTOR', `replication factor ${replicationFactor}: brokers that serve: ${available}`, facts);
}

/** The broker for the next replica of a partition whose others are chosen. */
function nextBroker(racks: readonly Rack[], chosen: readonly BrokerImage[], load: ReplicaLoad, random: Random): BrokerImage {
  const ids = chosen.map(({ brokerId }) => brokerId);
  const open = racks.flatMap((rack) => {
    const brokers = rack.brokers.filter(({ brokerId }) => !ids.includes(brokerId));
    if (brokers.length === 0) return [];
    const weight = rack.brokers.reduce((sum, { brokerId }) => sum + load.replicasOf(brokerId), 0) / rack.brokers.length;
    return [{ brokers, taken: rack.brokers.length - brokers.length, weight }];
  });
  const emptiest = least(open, ({ taken }) => taken);
  const lightest = least(emptiest, ({ weight }) => weight).flatMap(({ brokers }) => brokers);
  const idle = least(lightest, ({ brokerId }) => load.replicasOf(brokerId));
  const strangers = least(idle, ({ brokerId }) => load.sharedWith(brokerId, ids));
  return present(strangers[random.below(strangers.length)], 'there are as many brokers as replicas');
}

/** The one that leads the least becomes the preferred leader. */
function leaderFirst(replicas: readonly BrokerId[], load: ReplicaLoad): BrokerId[] {
  const leader = least(replicas, (id) => load.leadersOf(id))[0];
  return leader === undefined ? [] : [leader, ...replicas.filter((id) => id !== leader)];
}

/** All of those with the least value. */
function least<Item>(items: readonly Item[], value: (item: Item) => number): Item[] {
  const values = items.map(value);
  const smallest = Math.min(...values);
  return items.filter((_, i) => values[i] === smallest);
}
