import type { TopicId } from '@moldau/kernel';
import type { AssignmentInput, AssignmentSteps, AssignorTopic } from '../assignor/assignor.ts';
import { ASSIGNORS, isAssignorName } from '../assignor/assignors.ts';
import type { GroupEntry } from '../group-entry.ts';
import type { GroupRef } from '../group-ref.ts';
import type { Operation } from '../operation.ts';
import { equalPartitions, NO_TOPIC_PARTITIONS } from '../partitions/partition-map.ts';
import type { GroupSettings } from '../settings/group-settings.ts';
import { assignStreams, streamsMembers, type Targets } from '../streams/assign-streams.ts';
import type { TopicsView } from '../topics-view.ts';
import type { SubscriptionResolver } from './subscription-resolver.ts';

export interface AssignmentViews {
  readonly topics: TopicsView;
  readonly settings: GroupSettings;
  readonly resolver: SubscriptionResolver;
}

/** Computes the targets of one epoch of a group, a step at a time, while the group goes on. */
export class AssignmentTask {
  readonly group: GroupRef;
  readonly groupEpoch: number;
  readonly #steps: Generator<undefined, Targets>;
  #targets: Targets | undefined;

  constructor(entry: GroupEntry, { topics, settings, resolver }: AssignmentViews) {
    this.group = entry.group;
    this.groupEpoch = entry.value?.groupEpoch ?? 0;
    const name = entry.value?.assignor ?? '';
    const streams = name === 'streams' ? streamsMembers(entry) : undefined;
    // A newer version may have chosen an assignor that this one does not have.
    const assignor = ASSIGNORS[isAssignorName(name) ? name : 'sticky'];
    this.#steps =
      streams === undefined
        ? assignPartitions(assignor(inputOf(entry, topics, resolver)))
        : assignStreams(entry, streams, topics, settings);
  }

  /** Works for about a millisecond. Returns whether all is done. */
  step(): boolean {
    if (this.#targets !== undefined) return true;
    const { done, value } = this.#steps.next();
    if (done === true) this.#targets = value;
    return done === true;
  }

  /** What came out; undefined as long as it is not done. */
  get targets(): Targets | undefined {
    return this.#targets;
  }
}

function* assignPartitions(steps: AssignmentSteps): Generator<undefined, Targets> {
  return { topics: yield* steps, following: new Map<string, readonly string[]>() };
}

function inputOf(entry: GroupEntry, topics: TopicsView, resolver: SubscriptionResolver): AssignmentInput {
  const subscribed = new Map<TopicId, AssignorTopic>();
  const members = [...entry.consumer.joined()].map(({ memberId, profile, target }) => {
    const ids = resolver.resolve(entry.group.namespace, profile, topics);
    return { memberId, instanceId: profile.instanceId, rack: profile.rack, topics: ids, current: target ?? NO_TOPIC_PARTITIONS };
  });
  for (const ids of new Set(members.map((member) => member.topics))) {
    for (const topicId of ids) {
      const topic = topics.byId(topicId);
      if (topic !== undefined) subscribed.set(topicId, topic);
    }
  }
  return { members, topics: subscribed };
}

/**
 * Makes what a task computed the targets. Members that left meanwhile are passed over: their leaving raised the epoch of the
 * group, so another task follows.
 */
export function adoptAssignment(op: Operation, entry: GroupEntry, task: AssignmentTask): void {
  const { value, group, consumer } = entry;
  if (task.targets === undefined || value?.kind !== 'consumer' || task.groupEpoch <= value.assignmentEpoch) return;
  for (const [memberId, target] of task.targets.topics) {
    const member = consumer.get(memberId);
    const following = task.targets.following.get(memberId) ?? [];
    if (member === undefined) continue;
    if (member.target !== undefined && equalPartitions(member.target, target) && member.following.join() === following.join()) continue;
    op.emit({ type: 'target', group, memberId, value: target, following });
  }
  op.emit({ type: 'group', group, value: { ...value, assignmentEpoch: task.groupEpoch } });
}
