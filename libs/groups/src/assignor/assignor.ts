import type { TopicId } from '@moldau/kernel';
import type { TopicPartitions } from '../partitions/partition-map.ts';

/** A member as assignors see it. */
export interface AssignorMember {
  readonly memberId: string;
  readonly instanceId: string | undefined;
  readonly rack: string | undefined;
  /** Topics it subscribes to. Members with the same subscription should share one array. */
  readonly topics: readonly TopicId[];
  /** What it was to hold so far. */
  readonly current: TopicPartitions;
}

export interface AssignorTopic {
  readonly topicId: TopicId;
  readonly partitions: number;
  readonly racksOf: (partition: number) => readonly string[];
}

export interface AssignmentInput {
  readonly members: readonly AssignorMember[];
  /** The topics that exist; what a member subscribes to beside them is left out. */
  readonly topics: ReadonlyMap<TopicId, AssignorTopic>;
}

/** What each member is to hold, by its id. */
export type Assignment = ReadonlyMap<string, TopicPartitions>;

/** Computes in steps of about a millisecond, and yields between them. */
export type AssignmentSteps = Generator<undefined, Assignment>;

/**
 * Decides which member is to hold which partitions: every partition that somebody subscribes to has exactly one, and the same
 * input gives the same answer whatever the order of its members.
 */
export type Assignor = (input: AssignmentInput) => AssignmentSteps;

/** Elementary operations in a step: about so many take about a millisecond. */
export const STEP_WORK = 100_000;

/** Runs all steps at once. */
export function finishAssignment(steps: AssignmentSteps): Assignment {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}
