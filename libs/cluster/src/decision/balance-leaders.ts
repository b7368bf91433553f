import { type BrokerId, MoldauError, partitionIndex } from '@moldau/kernel';
import type { BrokerImage, MetadataImage } from '../image/metadata-image.ts';
import type { PartitionState } from '../image/record-codec.ts';
import { type BrokersById, lead, nextVersion, stays } from './partition-change.ts';
import { isReassigning } from './reassign-partition.ts';
import type { RecordWrite } from './record-write.ts';
import { partitionWrite } from './replica-rights.ts';

export interface BalanceOptions {
  /** Most leaders moved, so that clients are not all sent elsewhere at once. */
  readonly movesMax: number;
  /** Whether a broker has applied the metadata up to this revision: one that lags would answer that it does not lead. */
  caughtUp(id: BrokerId, revision: number): boolean;
}

/** Writes that give leadership back to preferred replicas: in sync, serving, here to stay, with a disk that is not slow, and with fresh metadata. */
export function balanceLeaders(image: MetadataImage, { movesMax, caughtUp }: BalanceOptions): RecordWrite[] {
  const writes: RecordWrite[] = [];
  for (const topic of image.topics.values()) {
    if (topic.state === 'deleting') continue;
    for (const [index, partition] of topic.partitions.entries()) {
      if (partition === undefined || isReassigning(partition)) continue;
      const preferred = preferredLeader(partition, image.brokers);
      if (preferred === undefined || !caughtUp(preferred.brokerId, partition.modRevision)) continue;
      const state = nextVersion(lead(partition, preferred.brokerId, preferred.brokerEpoch));
      writes.push(partitionWrite(topic.topicId, partitionIndex(index), partition, state));
      if (writes.length === movesMax) return writes;
    }
  }
  return writes;
}

/**
 * The state after an operator asked for the preferred leader.
 * @throws MoldauError ELECTION_NOT_NEEDED, NO_ELIGIBLE_LEADER
 */
export function electPreferred(partition: PartitionState, brokers: BrokersById): PartitionState {
  const [first] = partition.replicas;
  if (first !== undefined && partition.leader === first) {
    const facts = { broker_id: String(first) };
    throw new MoldauError('ELECTION_NOT_NEEDED', `broker ${first}, the preferred replica, leads already`, facts);
  }
  const preferred = preferredLeader(partition, brokers);
  if (preferred !== undefined) return nextVersion(lead(partition, preferred.brokerId, preferred.brokerEpoch));
  const facts = { broker_id: String(first ?? ''), in_sync: partition.isr.join(',') };
  throw new MoldauError('NO_ELIGIBLE_LEADER', `broker ${first ?? 'none'}, the preferred replica, is not in sync or does not serve`, facts);
}

/** The preferred replica, when it does not lead and could. A partition without a leader is no matter of preference. */
function preferredLeader({ replicas, isr, leader }: PartitionState, brokers: BrokersById): BrokerImage | undefined {
  const [first] = replicas;
  if (first === undefined || leader === undefined || leader === first || !isr.includes(first)) return undefined;
  const broker = brokers.get(first);
  return stays(broker) && !broker.slowDisk ? broker : undefined;
}
