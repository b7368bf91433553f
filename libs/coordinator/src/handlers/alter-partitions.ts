import { alterIsr, type BrokerLife, type IsrProposal, type MetadataImage, type RecordWrite } from '@moldau/cluster';
import {
  type BrokerId,
  brokerEpoch,
  brokerId,
  isUuid,
  leaderEpoch,
  MoldauError,
  partitionEpoch,
  partitionIndex,
  type TopicId,
} from '@moldau/kernel';
import {
  type AlterPartitionsRequest,
  type AlterPartitionsResponse,
  errorToItem,
  type IsrResult,
  type IsrProposal as WireProposal,
} from '@moldau/protocol';
import type { Controller } from '../controller.ts';

/** Proposals of one request. */
const PROPOSALS_MAX = 10_000;
/** Members of one proposal: no partition has more replicas. */
const MEMBERS_MAX = 32;

/** AlterPartitions: each proposal is decided alone, on the newest record, and many are written together. */
export async function alterPartitions(request: AlterPartitionsRequest, controller: Controller): Promise<AlterPartitionsResponse> {
  const { proposals } = request;
  if (proposals.length > PROPOSALS_MAX) {
    const facts = { count: String(proposals.length), limit: String(PROPOSALS_MAX) };
    throw new MoldauError('INVALID_REQUEST', `${proposals.length} proposals: at most ${PROPOSALS_MAX} are allowed in one request`, facts);
  }
  const results = await controller.writer.changeEach(proposals, (image, proposal) => decide(image, leaderOf(image, request), proposal));
  return { results };
}

/** @throws MoldauError FENCED_BROKER: another life of the broker has registered */
function leaderOf(image: MetadataImage, request: AlterPartitionsRequest): BrokerLife {
  const present = image.brokers.get(request.brokerId as BrokerId);
  if (present !== undefined && present.brokerEpoch === request.brokerEpoch) return present;
  const facts = { broker_id: String(request.brokerId), broker_epoch: String(request.brokerEpoch) };
  throw new MoldauError('FENCED_BROKER', `broker ${request.brokerId} is not registered with epoch ${request.brokerEpoch}`, facts);
}

function decide(image: MetadataImage, leader: BrokerLife, proposal: WireProposal): { write: RecordWrite | undefined; result: IsrResult } {
  try {
    const { writes, partitionEpoch: epoch } = alterIsr(image, leader, checked(proposal));
    return { write: writes[0], result: { partitionEpoch: epoch } };
  } catch (error) {
    if (!(error instanceof MoldauError)) throw error;
    return { write: undefined, result: { error: errorToItem(error), partitionEpoch: 0 } };
  }
}

/** @throws MoldauError INVALID_REQUEST */
function checked({ topicId, partition, leaderEpoch: leader, partitionEpoch: epoch, isr, allFlushed }: WireProposal): IsrProposal {
  const numbers = [partition, leader, epoch, ...isr.flatMap((member) => [member.brokerId, member.brokerEpoch])];
  if (!isUuid(topicId) || isr.length > MEMBERS_MAX || numbers.some((number) => number < 0)) {
    throw new MoldauError('INVALID_REQUEST', `proposal for partition ${partition} of topic '${topicId}' is malformed`, {
      topic_id: topicId,
      partition: String(partition),
    });
  }
  return {
    topicId: topicId as TopicId,
    partition: partitionIndex(partition),
    leaderEpoch: leaderEpoch(leader),
    partitionEpoch: partitionEpoch(epoch),
    isr: isr.map((member) => ({ brokerId: brokerId(member.brokerId), brokerEpoch: brokerEpoch(member.brokerEpoch) })),
    allFlushed,
  };
}
