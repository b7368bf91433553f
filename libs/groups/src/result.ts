import type { ErrorName } from '@moldau/kernel';
import type { GroupRef } from './group-ref.ts';
import type { TopicPartitions } from './partitions/partition-map.ts';
import type { GroupStateRecord } from './record/group-state-record.ts';

/** What a member is told of what it holds. */
export interface MemberAssignment {
  /** The member names it from now on, once it has given up all that is not in `assigned`. */
  readonly memberEpoch: number;
  /** What it may read. */
  readonly assigned: TopicPartitions;
  /** What it is to give up: it finishes, commits, and says so by naming the member epoch. */
  readonly revoking: TopicPartitions;
  /** Tasks of a stream application whose state it is to keep up to date; default none. */
  readonly following?: readonly string[] | undefined;
}

/** What members must hear without having asked, in this order. */
export type MemberNotice =
  | { readonly type: 'assignment'; readonly group: GroupRef; readonly memberId: string; readonly assignment: MemberAssignment }
  | { readonly type: 'removed'; readonly group: GroupRef; readonly memberId: string; readonly reason: ErrorName };

/**
 * Outcome of an operation. The state has taken the records already, so that the next operation may follow in the same append;
 * response and notices are released when the records are committed. If they can't be appended, the shard is thrown away and
 * loaded again.
 */
export interface GroupResult<Response> {
  readonly records: readonly GroupStateRecord[];
  readonly response: Response;
  readonly notices: readonly MemberNotice[];
}
