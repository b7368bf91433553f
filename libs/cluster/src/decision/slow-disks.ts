import type { BrokerId } from '@moldau/kernel';
import type { MetadataImage } from '../image/metadata-image.ts';
import type { PartitionState } from '../image/record-codec.ts';
import { type BrokersById, serves } from './partition-change.ts';

/**
 * Brokers whose disks flush much slower than others'. Such a broker keeps up with its leaders and holds back whoever waits for
 * its flushes: where enough replicas are in sync without it, it is not. It joins again once it has said that it is well.
 */

/** Share of the serving brokers that may be held to be slow at once: when more say so, it is rather all of them. */
const SLOW_SHARE_MAX = 1 / 3;

/** Whether one more broker may be held to be slow: it serves, is not alone, and those that are already stay a third at most, or one. */
export function maySlowDown(image: MetadataImage, brokerId: BrokerId): boolean {
  const serving = [...image.brokers.values()].filter(serves);
  const others = serving.filter((broker) => broker.brokerId !== brokerId);
  if (others.length === 0 || others.length === serving.length) return false;
  const slow = others.filter(({ slowDisk }) => slowDisk).length;
  return slow + 1 <= Math.max(1, Math.floor(serving.length * SLOW_SHARE_MAX));
}

/**
 * The ISR without members whose disks are slow, as far as minIsr members stay; the ISR itself where none can go. With
 * flush=async nobody waits for flushes.
 */
export function withoutSlow({ flush, minIsr }: PartitionState, isr: readonly BrokerId[], brokers: BrokersById): readonly BrokerId[] {
  if (flush === 'async') return isr;
  const quick = isr.filter((id) => brokers.get(id)?.slowDisk !== true);
  return quick.length === isr.length || quick.length < Math.max(1, minIsr) ? isr : quick;
}

/** Whether a partition's ISR has members that it should not have because their disks are slow. */
export function hasDispensable(partition: PartitionState, brokers: BrokersById): boolean {
  return withoutSlow(partition, partition.isr, brokers) !== partition.isr;
}
