import type { MetadataImage } from '@moldau/cluster';
import { type BrokerEpoch, type BrokerId, brokerEpoch, brokerId, MoldauError, type Offset } from '@moldau/kernel';
import type { ReplicaPosition, ReplicateOpen } from '@moldau/protocol';
import type { FollowerEnds } from '@moldau/replication';
import { invalidField } from '../produce/produce-terms.ts';

const MIB = 1024 * 1024;
/** Longest message whatever the follower asks for: one message of each of many followers is to fit the budget. */
const MESSAGE_BYTES_MAX = 4 * MIB;

/** Who follows on a stream, and what it takes. */
export interface ReplicateTerms {
  readonly follower: BrokerId;
  readonly followerEpoch: BrokerEpoch;
  readonly creditBytes: number;
  readonly messageBytes: number;
}

/**
 * Checks what a follower opens its stream with.
 *
 * @throws MoldauError INVALID_REQUEST, WRONG_CLUSTER, WRONG_BROKER, FENCED_BROKER, BROKER_STARTING
 */
export function replicateTerms(open: ReplicateOpen, self: BrokerId, image: MetadataImage): ReplicateTerms {
  const { clusterId, leaderId, creditBytes, maxMessageBytes } = open;
  if (!Number.isInteger(open.brokerId) || open.brokerId < 0) throw invalidField('broker_id', open.brokerId, '≥ 0');
  if (creditBytes < 1) throw invalidField('credit_bytes', creditBytes, '≥ 1');
  if (maxMessageBytes < 1) throw invalidField('max_message_bytes', maxMessageBytes, '≥ 1');
  const own = image.cluster?.clusterId;
  if (own !== clusterId) {
    const facts = { value: clusterId.slice(0, 64), limit: String(own) };
    throw new MoldauError('WRONG_CLUSTER', `the follower belongs to cluster ${facts.value}; this is ${facts.limit}`, facts);
  }
  if (leaderId !== self) {
    const facts = { value: String(leaderId), limit: String(self) };
    throw new MoldauError('WRONG_BROKER', `the follower looks for broker ${leaderId}; this is broker ${self}`, facts);
  }
  const follower = brokerId(open.brokerId);
  const followerEpoch = brokerEpoch(open.brokerEpoch);
  assertLife(follower, followerEpoch, image);
  return { follower, followerEpoch, creditBytes, messageBytes: Math.min(maxMessageBytes, MESSAGE_BYTES_MAX) };
}

/**
 * Checks that the follower is in the life that the metadata knows.
 *
 * @throws MoldauError FENCED_BROKER, BROKER_STARTING
 */
export function assertLife(follower: BrokerId, epoch: BrokerEpoch, image: MetadataImage): void {
  const known = image.brokers.get(follower)?.brokerEpoch;
  const facts = { broker_id: String(follower), value: String(epoch), limit: String(known ?? 'none') };
  if (known === undefined || known < epoch) {
    throw new MoldauError('BROKER_STARTING', `the leader does not know epoch ${epoch} of broker ${follower} yet`, facts);
  }
  if (known > epoch) throw new MoldauError('FENCED_BROKER', `a newer life of broker ${follower} has registered`, facts);
}

/** Where the follower stands. @throws MoldauError INVALID_REQUEST where that can't be */
export function endsOf({ receivedEnd, writtenEnd, flushedEnd }: ReplicaPosition): FollowerEnds {
  if (flushedEnd < 0 || flushedEnd > writtenEnd) throw invalidField('flushed_end', flushedEnd, `0 … ${writtenEnd}`);
  if (writtenEnd > receivedEnd) throw invalidField('written_end', writtenEnd, `≤ ${receivedEnd}`);
  return { receivedEnd: receivedEnd as Offset, writtenEnd: writtenEnd as Offset, flushedEnd: flushedEnd as Offset };
}

/** A frame that may not come now. */
export function outOfOrder(frame: string): MoldauError {
  const facts = { field: 'frame', value: frame };
  return new MoldauError('INVALID_REQUEST', `a ${frame} message came out of order: exactly the first opens the stream`, facts);
}

/** How a stream ends whose follower has not read for so long. */
export function followerStalled(limitMs: number): MoldauError {
  const facts = { budget: 'replication', limit: String(limitMs) };
  return new MoldauError('MEMORY_BUDGET_EXHAUSTED', `the follower has read nothing for ${limitMs} ms`, facts);
}
