import type { PartitionImage } from '@moldau/cluster';
import {
  type BrokerEpoch,
  type BrokerId,
  type LeaderEpoch,
  MoldauError,
  type PartitionIndex,
  type TopicId,
  withoutStack,
} from '@moldau/kernel';
import { lastEpochOf } from './last-epoch.ts';
import type { ReplicaTerms } from './leadership.ts';
import type { PartitionDeps } from './partition-deps.ts';
import type { PartitionLog } from './partition-log.ts';

/** What the cluster's metadata says of a partition, as far as its replica here acts on it. */
export interface PartitionAssignment {
  readonly leaderId: BrokerId | undefined;
  readonly leaderEpoch: LeaderEpoch;
  /** Whether this life of this broker leads it: never in an epoch won by an earlier one. */
  readonly leads: boolean;
  readonly terms: ReplicaTerms;
  /** The newest leader epoch whose election may have lost what was committed; undefined: none ever did. */
  readonly lossyEpoch: LeaderEpoch | undefined;
  /** Whether a reassignment adds this replica and it is not in sync yet: nothing hangs on how fast it catches up. */
  readonly isBeingAdded: boolean;
}

/** What a partition's record says of the replica of `self`, whose present life has that epoch; undefined: it has not registered. */
export function assignmentOf(view: PartitionImage, self: BrokerId, epoch: BrokerEpoch | undefined): PartitionAssignment {
  const { leader, leaderEpoch, isr, minIsr, partitionEpoch, replicas, adding, lossyEpoch } = view;
  const leads = leader === self && epoch !== undefined && view.leaderBrokerEpoch === epoch;
  const flush = view.flush === 'async' ? 'async' : 'sync';
  const committed = { isr, minIsr, flush, syncing: view.flush === 'syncing' } as const;
  const terms = { committed, partitionEpoch, replicas };
  const isBeingAdded = adding.includes(self) && !isr.includes(self);
  return { leaderId: leader, leaderEpoch, leads, terms, lossyEpoch, isBeingAdded };
}

/** Whether a leader may have anything to tell the controller of its replicas. */
export function mayPropose({ replicas, committed }: ReplicaTerms): boolean {
  return replicas.length > 1 || committed.syncing === true;
}

/**
 * Whether a log may be led in an epoch. Only metadata that was restored from a backup names an older one than the log's last
 * batch has: what is appended in it would part from the other replicas unseen, and be taken for damage when it is read.
 */
export function mayLead(
  log: PartitionLog,
  epoch: LeaderEpoch,
  { topicId, index }: Place,
  { metrics, logger }: Pick<PartitionDeps, 'metrics' | 'logger'>,
): boolean {
  const lastEpoch = lastEpochOf(log);
  if (lastEpoch <= epoch) return true;
  metrics.alarmed('staleRecord');
  logger.error('the metadata is older than the log, which is not led: restart this broker, so that it can say so', {
    topicId,
    partition: index,
    leaderEpoch: epoch,
    lastEpoch,
  });
  return false;
}

/** Which partition. */
interface Place {
  readonly topicId: TopicId;
  readonly index: PartitionIndex;
}

/** FENCED_LEADER_EPOCH or UNKNOWN_LEADER_EPOCH: the caller knows an older or a newer epoch. */
export function wrongEpoch(place: Place, assignment: PartitionAssignment, claimedEpoch: number): MoldauError {
  const known = assignment.leaderEpoch;
  const facts = { ...factsOf(place), ...leaderFacts(assignment), value: String(claimedEpoch), limit: String(known) };
  if (claimedEpoch < known) {
    const message = `the request names leader epoch ${claimedEpoch}; it is ${known} now`;
    return withoutStack(() => new MoldauError('FENCED_LEADER_EPOCH', message, facts));
  }
  const message = `the request names leader epoch ${claimedEpoch}; ${known} is known here`;
  return withoutStack(() => new MoldauError('UNKNOWN_LEADER_EPOCH', message, facts));
}

/** NOT_LEADER, with who leads where that is another broker. */
export function notLeader(place: Place, assignment: PartitionAssignment, self: BrokerId): MoldauError {
  const { leaderId } = assignment;
  const other = leaderId !== undefined && leaderId !== self;
  const facts = other ? { ...factsOf(place), ...leaderFacts(assignment) } : factsOf(place);
  const message = `broker ${self} does not lead partition ${place.index} of topic ${place.topicId}`;
  return withoutStack(() => new MoldauError('NOT_LEADER', message, facts));
}

/** LEADER_CHANGED_AFTER_APPEND, for what waits. */
export function leaderChanged(place: Place, assignment: PartitionAssignment): MoldauError {
  const facts = { ...factsOf(place), ...leaderFacts(assignment) };
  return new MoldauError('LEADER_CHANGED_AFTER_APPEND', 'leadership moved before the batch was confirmed', facts);
}

function factsOf({ topicId, index }: Place): Readonly<Record<string, string>> {
  return { topic_id: topicId, partition: String(index) };
}

/** Who leads, for the client to turn to at once; the epoch tells it whether that is newer than what it knows. */
function leaderFacts({ leaderId, leaderEpoch }: PartitionAssignment): Readonly<Record<string, string>> {
  return leaderId === undefined ? {} : { leader: String(leaderId), leader_epoch: String(leaderEpoch) };
}
