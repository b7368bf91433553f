import {
  type BrokerEpoch,
  type BrokerId,
  type LeaderEpoch,
  MoldauError,
  type PartitionEpoch,
  type PartitionIndex,
  type TopicId,
} from '@moldau/kernel';
import { type MetadataImage, partitionOf } from '../image/metadata-image.ts';
import type { PartitionState } from '../image/record-codec.ts';
import { type BrokersById, nextVersion, serves, withIsr } from './partition-change.ts';
import type { RecordWrite } from './record-write.ts';
import { partitionWrite } from './replica-rights.ts';
import { withoutSlow } from './slow-disks.ts';

/** A broker in one life of it. */
export interface BrokerLife {
  readonly brokerId: BrokerId;
  readonly brokerEpoch: BrokerEpoch;
}

/** The ISR that a leader proposes. */
export interface IsrProposal {
  readonly topicId: TopicId;
  readonly partition: PartitionIndex;
  /** The epoch it leads in. */
  readonly leaderEpoch: LeaderEpoch;
  /** Partition epoch of the record that it wants to change. */
  readonly partitionEpoch: PartitionEpoch;
  /** The whole new ISR, each in the life that fetched in this leader epoch. */
  readonly isr: readonly BrokerLife[];
  /** Every member has flushed all that was ever acknowledged. */
  readonly allFlushed: boolean;
}

export interface IsrDecision {
  /** None: a newer record says so already. */
  readonly writes: readonly RecordWrite[];
  /** Of the record then. */
  readonly partitionEpoch: PartitionEpoch;
}

/**
 * Whether a leader's proposal becomes the partition's ISR. The proposer leads in this epoch, knows the newest record, and
 * names members that hold a replica and live the life in which they fetched (KIP-903); nobody joins who is fenced, has a slow disk while enough others are in sync, or is about
 * to stop, though a member that is about to stop may stay until its leaders have moved. With fewer than minIsr members those
 * who left stay eligible (KIP-966). A proposal of the ISR that stands, with the newest partition epoch, raises that epoch and
 * nothing else (but that flush=sync is reached, where the leader says so): it is how a leader learns that none of its earlier proposals, whose answers it never got, can be taken any more.
 * @throws MoldauError UNKNOWN_TOPIC, UNKNOWN_PARTITION, FENCED_LEADER_EPOCH, UNKNOWN_LEADER_EPOCH, CONCURRENT_CHANGE,
 *   INELIGIBLE_REPLICA, INVALID_REQUEST
 */
export function alterIsr(image: MetadataImage, leader: BrokerLife, proposal: IsrProposal): IsrDecision {
  const { topicId, partition: index } = proposal;
  const topic = image.topics.get(topicId);
  if (topic === undefined || topic.state === 'deleting')
    throw new MoldauError('UNKNOWN_TOPIC', `no topic has the id ${topicId}`, { topic_id: topicId });
  const partition = partitionOf(image, topicId, index);
  if (partition === undefined) {
    throw new MoldauError('UNKNOWN_PARTITION', `topic '${topic.name}' has no partition ${index}`, {
      topic_id: topicId,
      partition: String(index),
    });
  }
  assertLeads(partition, leader, proposal);
  const isr = proposedIsr(partition, proposal);
  const stands = isr.length === partition.isr.length && isr.every((id) => partition.isr.includes(id));
  if (proposal.partitionEpoch !== partition.partitionEpoch) {
    // The answer to it was lost, and the record that it made is the newest.
    if (stands) return { writes: [], partitionEpoch: partition.partitionEpoch };
    const facts = { ...named(proposal), partition_epoch: String(proposal.partitionEpoch), expected: String(partition.partitionEpoch) };
    throw new MoldauError(
      'CONCURRENT_CHANGE',
      `the partition is at epoch ${partition.partitionEpoch}, not ${proposal.partitionEpoch}`,
      facts,
    );
  }
  for (const member of proposal.isr) assertEligible(member, partition, image.brokers);
  assertQuick(partition, isr, image.brokers);
  const changed = stands ? partition : withIsr(partition, isr);
  const state = nextVersion(proposal.allFlushed ? arrived(changed) : changed);
  return { writes: [partitionWrite(topicId, index, partition, state)], partitionEpoch: state.partitionEpoch };
}

/** The partition has reached flush=sync. Who is not in the ISR may not have flushed what was acknowledged before. */
function arrived(state: PartitionState): PartitionState {
  if (state.flush !== 'syncing') return state;
  return { ...state, flush: 'sync', elr: [], lastKnownElr: [], lastKnownEnds: [] };
}

function assertLeads(partition: PartitionState, leader: BrokerLife, proposal: IsrProposal): void {
  const facts = { ...named(proposal), leader_epoch: String(proposal.leaderEpoch), expected: String(partition.leaderEpoch) };
  if (proposal.leaderEpoch > partition.leaderEpoch)
    throw new MoldauError('UNKNOWN_LEADER_EPOCH', `leader epoch ${proposal.leaderEpoch} is not known here yet`, facts);
  const leads = partition.leader === leader.brokerId && partition.leaderBrokerEpoch === leader.brokerEpoch;
  if (!leads || proposal.leaderEpoch < partition.leaderEpoch)
    throw new MoldauError('FENCED_LEADER_EPOCH', `broker ${leader.brokerId} does not lead in epoch ${proposal.leaderEpoch}`, facts);
}

/** The members in the order of the replicas. */
function proposedIsr(partition: PartitionState, proposal: IsrProposal): BrokerId[] {
  const ids = proposal.isr.map(({ brokerId }) => brokerId);
  const facts = { ...named(proposal), isr: ids.join(',') };
  if (new Set(ids).size !== ids.length) throw new MoldauError('INVALID_REQUEST', `an ISR names each broker once: ${ids.join(', ')}`, facts);
  const stranger = ids.find((id) => !partition.replicas.includes(id));
  if (stranger !== undefined)
    throw new MoldauError('INVALID_REQUEST', `broker ${stranger} holds no replica of the partition`, {
      ...facts,
      broker_id: String(stranger),
    });
  if (partition.leader === undefined || !ids.includes(partition.leader))
    throw new MoldauError('INVALID_REQUEST', 'the leader is a member of its ISR', facts);
  return partition.replicas.filter((id) => ids.includes(id));
}

function assertEligible({ brokerId, brokerEpoch }: BrokerLife, partition: PartitionState, brokers: BrokersById): void {
  const broker = brokers.get(brokerId);
  const refuse = (why: string): MoldauError => {
    const facts = { broker_id: String(brokerId), broker_epoch: String(brokerEpoch), expected: String(broker?.brokerEpoch ?? '') };
    return new MoldauError('INELIGIBLE_REPLICA', `broker ${brokerId} can't be in sync: it ${why}`, facts);
  };
  if (broker === undefined) throw refuse('is not registered');
  if (!serves(broker)) throw refuse('is fenced');
  if (broker.brokerEpoch !== brokerEpoch) throw refuse(`fetched in broker epoch ${brokerEpoch}, and lives in ${broker.brokerEpoch}`);
  if (broker.shuttingDown && !partition.isr.includes(brokerId)) throw refuse('is about to stop');
}

/** Nobody joins whom the ISR would lose again at once because of a slow disk. */
function assertQuick(partition: PartitionState, isr: readonly BrokerId[], brokers: BrokersById): void {
  const quick = withoutSlow(partition, isr, brokers);
  const slow = isr.find((id) => !quick.includes(id) && !partition.isr.includes(id));
  if (slow === undefined) return;
  const message = `broker ${slow} can't be in sync: its disk is slow, and enough others are`;
  throw new MoldauError('INELIGIBLE_REPLICA', message, { broker_id: String(slow), in_sync: quick.join(',') });
}

function named({ topicId, partition }: IsrProposal): Record<string, string> {
  return { topic_id: topicId, partition: String(partition) };
}
