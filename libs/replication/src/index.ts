export { type Divergence, divergence, type EpochEnd, type LogEpochs, NO_EPOCH, truncationPoint } from './divergence.ts';
export type { FollowerAction, FollowerAlarm } from './follower/follower-action.ts';
export type { FollowerLog } from './follower/follower-log.ts';
export type { BatchRun, FollowerNews } from './follower/follower-news.ts';
export { type FollowerAssignment, FollowerReplica, RETRY_MAX_MS, RETRY_MIN_MS } from './follower/follower-replica.ts';
export { HighWatermark, type ReplicaEnds, type ReplicationTerms } from './leader/high-watermark.ts';
export {
  type IsrMember,
  type IsrProposal,
  IsrProposals,
  PROPOSAL_PAUSE_MS,
  type ProposalOutcome,
  RECORD_WAIT_MS,
} from './leader/isr-proposals.ts';
export type { FollowerEnds, LeaderEnds, ReplicaProgress } from './leader/replica-progress.ts';
export { type CommittedTerms, type ProposeOptions, ReplicaSet, type ReplicaSetOptions } from './leader/replica-set.ts';
export { type DiskLook, SlowDisk } from './leader/slow-disk.ts';
