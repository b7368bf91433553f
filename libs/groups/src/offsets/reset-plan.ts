import { type LeaderEpoch, MoldauError, type Offset, offset, type PartitionIndex, type TopicId } from '@moldau/kernel';

/** Where a group is to go on. */
export type ResetPosition =
  | { readonly to: 'earliest' }
  | { readonly to: 'latest' }
  | { readonly to: 'offset'; readonly offset: number }
  /** The first record at or after that time, milliseconds since the Unix epoch. */
  | { readonly to: 'timestamp'; readonly timestampMs: number }
  /** By so many records from what is committed, back if negative. */
  | { readonly to: 'shift'; readonly by: number }
  /** The first record of the last so many milliseconds. */
  | { readonly to: 'duration'; readonly durationMs: number };

/** What the plan needs to know of a partition. */
export interface ResetInput {
  readonly topicId: TopicId;
  readonly partition: PartitionIndex;
  readonly committed: Offset | undefined;
  readonly logStart: Offset;
  /** Where the next record will stand. */
  readonly logEnd: Offset;
  /** The first offset at or after the time that `timeOfReset` names; undefined: all records are older. */
  readonly atTime: { readonly offset: Offset; readonly leaderEpoch: LeaderEpoch | undefined } | undefined;
}

export interface PlannedReset {
  readonly topicId: TopicId;
  readonly partition: PartitionIndex;
  readonly from: Offset | undefined;
  readonly to: Offset;
  /** The position lay outside the log, and its nearest end is taken. */
  readonly clamped: boolean;
}

/** The time whose offsets are to be looked up for the plan, milliseconds since the Unix epoch; undefined: none. */
export function timeOfReset(position: ResetPosition, wallMs: number): number | undefined {
  if (position.to === 'timestamp') return position.timestampMs;
  return position.to === 'duration' ? Math.max(0, wallMs - position.durationMs) : undefined;
}

/**
 * Where each partition would go on: pure, so it is the dry run. It is carried out as a commit by an admin, which is refused while
 * the group has members.
 *
 * @throws MoldauError INVALID_REQUEST for a shift of a partition without a committed offset, or a number out of range
 */
export function planReset(position: ResetPosition, inputs: readonly ResetInput[]): readonly PlannedReset[] {
  return inputs.map((input) => {
    const wanted = wantedOffset(position, input);
    const to = Math.min(Math.max(wanted, input.logStart), input.logEnd);
    const { topicId, partition, committed } = input;
    return { topicId, partition, from: committed, to: offset(to), clamped: to !== wanted };
  });
}

function wantedOffset(position: ResetPosition, input: ResetInput): number {
  switch (position.to) {
    case 'earliest':
      return input.logStart;
    case 'latest':
      return input.logEnd;
    case 'offset':
      if (position.offset < 0) throw invalid('offset', position.offset, '0 or more', input);
      return whole('offset', position.offset, input);
    case 'timestamp':
    case 'duration':
      return input.atTime?.offset ?? input.logEnd;
    case 'shift':
      if (input.committed === undefined) throw invalid('shift', position.by, 'a partition with a committed offset', input);
      return whole('shift', input.committed + position.by, input);
  }
}

function whole(field: string, value: number, input: ResetInput): number {
  if (!Number.isSafeInteger(value)) throw invalid(field, value, 'a whole number below 2^53', input);
  return value;
}

function invalid(field: string, value: number, limit: string, { topicId, partition }: ResetInput): MoldauError {
  const facts = { field, value: String(value), limit, topic_id: topicId, partition: String(partition) };
  return new MoldauError('INVALID_REQUEST', `${field} is ${value}, it takes ${limit}`, facts);
}
