import type { BrokerId } from '@moldau/kernel';
import type { BrokerImage, MetadataImage, TopicImage } from '../image/metadata-image.ts';

/** How many replicas and leaders brokers have, and which of them share partitions. Grows as a placement goes on. */
export class ReplicaLoad {
  private readonly replicas = new Map<BrokerId, number>();
  private readonly leaders = new Map<BrokerId, number>();
  /** Partitions that two brokers share, by both. */
  private readonly pairs = new Map<BrokerId, Map<BrokerId, number>>();

  /** What the partitions of these topics weigh. */
  static of(topics: Iterable<TopicImage>): ReplicaLoad {
    const load = new ReplicaLoad();
    for (const { partitions } of topics) for (const partition of partitions) if (partition !== undefined) load.add(partition.replicas);
    return load;
  }

  /** What everything weighs. */
  static ofAll(image: MetadataImage): ReplicaLoad {
    return ReplicaLoad.of(image.topics.values());
  }

  /** Counts a partition with these replicas, the preferred leader first. */
  add(replicas: readonly BrokerId[]): void {
    const [leader] = replicas;
    if (leader !== undefined) this.leaders.set(leader, this.leadersOf(leader) + 1);
    for (const [i, id] of replicas.entries()) {
      this.replicas.set(id, this.replicasOf(id) + 1);
      for (const other of replicas.slice(i + 1)) {
        this.pair(id, other);
        this.pair(other, id);
      }
    }
  }

  /** One replica moves from a broker to another. */
  move(from: BrokerId, to: BrokerId): void {
    this.replicas.set(from, this.replicasOf(from) - 1);
    this.replicas.set(to, this.replicasOf(to) + 1);
  }

  /** A partition is led by another of its replicas. */
  moveLeader(from: BrokerId, to: BrokerId): void {
    this.leaders.set(from, this.leadersOf(from) - 1);
    this.leaders.set(to, this.leadersOf(to) + 1);
  }

  replicasOf(id: BrokerId): number {
    return this.replicas.get(id) ?? 0;
  }

  leadersOf(id: BrokerId): number {
    return this.leaders.get(id) ?? 0;
  }

  /** Partitions that a broker shares with these. */
  sharedWith(id: BrokerId, others: readonly BrokerId[]): number {
    const shared = this.pairs.get(id);
    return others.reduce((sum, other) => sum + (shared?.get(other) ?? 0), 0);
  }

  private pair(id: BrokerId, other: BrokerId): void {
    const shared = this.pairs.get(id) ?? new Map<BrokerId, number>();
    this.pairs.set(id, shared.set(other, (shared.get(other) ?? 0) + 1));
  }
}

/** Brokers of one rack. A broker that names no rack is a rack of its own. */
export interface Rack {
  readonly name: string;
  readonly brokers: readonly BrokerImage[];
}

export function racksOf(brokers: readonly BrokerImage[]): Rack[] {
  const racks = new Map<string, BrokerImage[]>();
  for (const broker of brokers) {
    const name = rackName(broker);
    const inRack = racks.get(name);
    if (inRack === undefined) racks.set(name, [broker]);
    else inRack.push(broker);
  }
  return [...racks].map(([name, inRack]) => ({ name, brokers: inRack }));
}

/** Names the broker's rack, apart from every name an operator could give where it has none. */
export function rackName({ rack, brokerId }: Pick<BrokerImage, 'rack' | 'brokerId'>): string {
  return rack === undefined ? `broker ${brokerId}` : `rack ${rack}`;
}
