import { type BrokerId, MoldauError, type PartitionIndex, partitionIndex, type Random, type TopicId } from '@moldau/kernel';
import type { BrokerImage, MetadataImage, PartitionImage } from '../image/metadata-image.ts';
import { placeableBrokers, replacement } from './place-replicas.ts';
import { beginReassignment, isReassigning, targetReplicas } from './reassign-partition.ts';
import type { RecordWrite } from './record-write.ts';
import { ReplicaLoad } from './replica-load.ts';
import { partitionWrite } from './replica-rights.ts';

/** How far a broker's drain is. */
export interface DrainProgress {
  /** Replicas that it holds. */
  readonly replicas: number;
  readonly leaders: number;
  /** Those of its replicas that are being moved. */
  readonly moving: number;
  /** Replicas that no other broker can take now. */
  readonly stuck: number;
}

export function drainProgress(image: MetadataImage, id: BrokerId): DrainProgress {
  const placeable = placeableBrokers(image);
  const progress = { replicas: 0, leaders: 0, moving: 0, stuck: 0 };
  for (const { partition } of heldBy(image, id)) {
    progress.replicas += 1;
    if (partition.leader === id) progress.leaders += 1;
    if (partition.removing.includes(id)) progress.moving += 1;
    else if (!placeable.some(({ brokerId }) => brokerId !== id && !partition.replicas.includes(brokerId))) progress.stuck += 1;
  }
  return progress;
}

/**
 * Refuses a drain that could not end.
 * @throws MoldauError INVALID_REPLICA_ASSIGNMENT
 */
export function assertDrainable(image: MetadataImage, id: BrokerId): void {
  const { stuck, replicas } = drainProgress(image, id);
  if (stuck === 0) return;
  const others = placeableBrokers(image).filter(({ brokerId }) => brokerId !== id).length;
  throw new MoldauError(
    'INVALID_REPLICA_ASSIGNMENT',
    `${stuck} of the ${replicas} replicas of broker ${id} could go nowhere: ${others} other brokers take replicas`,
    { broker_id: String(id), stuck: String(stuck), limit: String(others) },
  );
}

/** Writes that begin moves away from brokers that are being drained, so that at most `movingMax` of each are under way. */
export function drainWrites(image: MetadataImage, random: Random, { movingMax }: { readonly movingMax: number }): RecordWrite[] {
  const draining = [...image.brokers.values()].filter((broker) => broker.draining);
  if (draining.length === 0) return [];
  const placeable = placeableBrokers(image).filter((broker) => !broker.draining);
  const load = ReplicaLoad.ofAll(image);
  const writes = new Map<string, RecordWrite>();
  for (const { brokerId } of draining) {
    const held = heldBy(image, brokerId);
    let free = movingMax - held.filter(({ partition }) => partition.removing.includes(brokerId)).length;
    for (const { topicId, index, partition } of held) {
      if (free <= 0) break;
      const begun = moveAway(image, { partition, from: brokerId, placeable, load, random });
      if (begun === undefined) continue;
      const write = partitionWrite(topicId, index, partition, begun);
      if (writes.has(write.key)) continue;
      writes.set(write.key, write);
      free -= 1;
    }
  }
  return [...writes.values()];
}

/** A partition by its place. */
export interface PartitionPlace {
  readonly topicId: TopicId;
  readonly partition: PartitionIndex;
}

/** Partitions that are being moved away from a broker. */
export function movesFrom(image: MetadataImage, id: BrokerId): PartitionPlace[] {
  return heldBy(image, id)
    .filter(({ partition }) => partition.removing.includes(id))
    .map(({ topicId, index }) => ({ topicId, partition: index }));
}

interface Move {
  readonly partition: PartitionImage;
  readonly from: BrokerId;
  readonly placeable: readonly BrokerImage[];
  readonly load: ReplicaLoad;
  readonly random: Random;
}

/** The partition with another broker in the place of `from`; undefined while it is being moved, or where no broker can take it. */
function moveAway(image: MetadataImage, { partition, from, placeable, load, random }: Move) {
  if (isReassigning(partition)) return undefined;
  const others = partition.replicas.filter((id) => id !== from).flatMap((id) => image.brokers.get(id) ?? []);
  const to = replacement(placeable, others, load, random);
  if (to === undefined) return undefined;
  load.move(from, to);
  return beginReassignment(
    partition,
    targetReplicas(partition).map((id) => (id === from ? to : id)),
    image.brokers,
  );
}

interface Held {
  readonly topicId: TopicId;
  readonly index: PartitionIndex;
  readonly partition: PartitionImage;
}

/** Partitions of which a broker holds a replica. */
function heldBy(image: MetadataImage, id: BrokerId): Held[] {
  const held: Held[] = [];
  for (const topic of image.topics.values()) {
    if (topic.state === 'deleting') continue;
    for (const [index, partition] of topic.partitions.entries()) {
      if (partition?.replicas.includes(id) === true) held.push({ topicId: topic.topicId, index: partitionIndex(index), partition });
    }
  }
  return held;
}
