export { ASSIGNOR_NAMES, type AssignorName, isAssignorName } from './assignor/assignors.ts';
export type { AssignmentTask } from './consumer/assignment-task.ts';
export type { HeartbeatRequest } from './consumer/heartbeat.ts';
export type { JoinResponse } from './consumer/join.ts';
export type { LeaveRequest } from './consumer/leave.ts';
export {
  IDENTITY_LENGTH_MAX,
  type JoinRequest,
  MEMBER_METADATA_BYTES_MAX,
  REBALANCE_TIMEOUT_MS_MAX,
  REBALANCE_TIMEOUT_MS_MIN,
  SUBSCRIBED_TOPICS_MAX,
} from './consumer/member-request.ts';
export type { MemberState } from './consumer/member-state.ts';
export type { Subscription } from './consumer/subscription-resolver.ts';
export type { GroupDescription, GroupListing, GroupStateName, MemberDescription } from './describe-group.ts';
export { type GroupRef, groupKey, parseGroupId } from './group-ref.ts';
export { GroupShard, type GroupShardOptions } from './group-shard.ts';
export {
  COMMITTED_OFFSETS_MAX,
  type CommitRequest,
  type Committer,
  OFFSET_METADATA_BYTES_MAX,
  type OffsetToCommit,
  type PartitionOutcome,
} from './offsets/commit-offsets.ts';
export type { DeleteOptions } from './offsets/delete-offsets.ts';
export type { FetchedOffset, FetchOffsetsRequest } from './offsets/fetch-offsets.ts';
export { type PlannedReset, planReset, type ResetInput, type ResetPosition, timeOfReset } from './offsets/reset-plan.ts';
export type { EndTransactionRequest, StageRequest } from './offsets/transactional-offsets.ts';
export type { EpochedPartitions, TopicPartitions } from './partitions/partition-map.ts';
export { compileTopicPattern, TOPIC_PATTERN_LENGTH_MAX, type TopicPattern } from './pattern/topic-pattern.ts';
export type { CommittedOffset, GroupKindName, GroupStateRecord } from './record/group-state-record.ts';
export { decodeRecord, encodeRecord } from './record/record-codec.ts';
export type { GroupResult, MemberAssignment, MemberNotice } from './result.ts';
export {
  ASSIGNOR_SETTING,
  DEFAULT_GROUP_SETTINGS,
  GROUP_SETTINGS,
  type GroupSettings,
  parseGroupSettings,
  type SettingsView,
} from './settings/group-settings.ts';
export { profileOfStreams, type StreamsProfile, wireTask } from './streams/streams-profile.ts';
export type { TopicsView, TopicView } from './topics-view.ts';
