import type { LeaderEpoch, Offset, PartitionIndex, ProducerEpoch, ProducerId, TopicId } from '@moldau/kernel';
import type { GroupRef } from '../group-ref.ts';
import type { EpochedPartitions, TopicPartitions } from '../partitions/partition-map.ts';
import type { StreamsProfile } from '../streams/streams-profile.ts';

/** Kinds of groups: `offsets` has no members and never had any. */
export type GroupKindName = 'offsets' | 'consumer';

/** A group, as far as it does not depend on its kind. */
export interface GroupValue {
  readonly kind: GroupKindName;
  readonly groupEpoch: number;
  readonly assignmentEpoch: number;
  readonly assignor: string;
  readonly topicsFingerprint: string;
  /** Since when it has no members, milliseconds since the Unix epoch. */
  readonly emptySinceMs: number | undefined;
}

/** What a member said of itself. */
export interface MemberProfile {
  readonly instanceId: string | undefined;
  readonly rack: string | undefined;
  readonly clientId: string;
  readonly clientHost: string;
  /** Sorted, each once. */
  readonly topicNames: readonly string[];
  readonly topicPattern: string | undefined;
  readonly metadata: Uint8Array;
  readonly rebalanceTimeoutMs: number;
  readonly joinedEpoch: number;
  /** Which of its streams joined last; 0: it does not number them. */
  readonly attempt: number;
  /** Of a member of a stream application. */
  readonly streams?: StreamsProfile | undefined;
}

/** What a member holds. */
export interface Holding {
  readonly memberEpoch: number;
  /** All that it owns, each with the member epoch at which it was given. */
  readonly held: EpochedPartitions;
  /** Those among them that it is to give up, each with the member epoch at which it was asked for. */
  readonly revoking: EpochedPartitions;
  readonly away: boolean;
  /** Tasks of a stream application that it was told to follow; default none. */
  readonly following?: readonly string[] | undefined;
}

export interface CommittedOffset {
  /** Offset of the next record to read. */
  readonly offset: Offset;
  readonly leaderEpoch: LeaderEpoch | undefined;
  readonly metadata: string;
  readonly committedAtMs: number;
  readonly expiresAtMs: number | undefined;
}

export interface StagedOffset {
  readonly producerEpoch: ProducerEpoch;
  readonly offset: CommittedOffset;
}

/** The newest transaction of a producer that ended here. */
export interface EndedTransaction {
  readonly producerEpoch: ProducerEpoch;
  readonly shardEpoch: number;
  readonly endedAtMs: number;
}

/** A record of a shard: one thing and what it is from now on; without a value it is gone. */
export type GroupStateRecord =
  | { readonly type: 'group'; readonly group: GroupRef; readonly value: GroupValue | undefined }
  | ConsumerRecord
  | {
      readonly type: 'offset';
      readonly group: GroupRef;
      readonly topicId: TopicId;
      readonly partition: PartitionIndex;
      readonly value: CommittedOffset | undefined;
    }
  | {
      readonly type: 'staged-offset';
      readonly group: GroupRef;
      readonly producerId: ProducerId;
      readonly topicId: TopicId;
      readonly partition: PartitionIndex;
      readonly value: StagedOffset | undefined;
    }
  | { readonly type: 'producer'; readonly producerId: ProducerId; readonly value: EndedTransaction | undefined };

/** The records of consumer groups alone; another kind of group has its own. */
export type ConsumerRecord =
  | { readonly type: 'member'; readonly group: GroupRef; readonly memberId: string; readonly value: MemberProfile | undefined }
  | {
      readonly type: 'target';
      readonly group: GroupRef;
      readonly memberId: string;
      readonly value: TopicPartitions | undefined;
      /** Tasks of a stream application that it is to follow; default none. */
      readonly following?: readonly string[] | undefined;
    }
  | { readonly type: 'holding'; readonly group: GroupRef; readonly memberId: string; readonly value: Holding | undefined };
