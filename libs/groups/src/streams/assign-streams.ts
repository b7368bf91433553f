import type { PartitionIndex } from '@moldau/kernel';
import type { Assignment } from '../assignor/assignor.ts';
import type { JoinedMember } from '../consumer/consumer-members.ts';
import type { GroupEntry } from '../group-entry.ts';
import { PartitionGatherer, type TopicPartitions } from '../partitions/partition-map.ts';
import type { GroupSettings } from '../settings/group-settings.ts';
import type { TopicsView, TopicView } from '../topics-view.ts';
import { type AssignableTask, assignTasks, type TaskCandidate } from './assign-tasks.ts';
import { type StreamsProfile, topologyOfStreams } from './streams-profile.ts';

/** What members are to hold, and the tasks that each is to follow beside that. */
export interface Targets {
  readonly topics: Assignment;
  readonly following: ReadonlyMap<string, readonly string[]>;
}

interface StreamsJoined extends JoinedMember {
  readonly streams: StreamsProfile;
}

/** Tasks with the topics whose partition each reads. */
type TaskTopics = ReadonlyMap<string, AssignableTask & { readonly topics: readonly TopicView[]; readonly partition: PartitionIndex }>;

/**
 * The members of a stream application, where all of them say which tasks it has and agree on them; undefined otherwise: while one version
 * of an application takes the place of another, partitions are assigned without regard to tasks.
 */
export function streamsMembers(entry: GroupEntry): readonly StreamsJoined[] | undefined {
  const members: StreamsJoined[] = [];
  let topology: string | undefined;
  for (const member of entry.consumer.joined()) {
    const { streams } = member.profile;
    if (streams === undefined) return undefined;
    const own = topologyOfStreams(streams);
    if (own !== (topology ?? own)) return undefined;
    topology = own;
    members.push({ ...member, streams });
  }
  return members.length === 0 ? undefined : members;
}

/** Steps of about a millisecond, each. */
export function* assignStreams(
  entry: GroupEntry,
  members: readonly StreamsJoined[],
  topics: TopicsView,
  { streamsStandbys, streamsAcceptableLag, streamsWarmups }: GroupSettings,
): Generator<undefined, Targets> {
  const tasks = tasksOf(entry, members[0]?.streams, topics);
  yield;
  const candidates = members.map((member) => candidateOf(member, tasks));
  yield;
  const limits = { standbys: streamsStandbys, acceptableLag: streamsAcceptableLag, warmups: streamsWarmups };
  const shares = yield* assignTasks({ members: candidates, tasks: [...tasks.values()], limits });
  return {
    topics: new Map([...shares].map(([memberId, { active }]) => [memberId, partitionsOf(active, tasks)])),
    following: new Map([...shares].map(([memberId, { following }]) => [memberId, following])),
  };
}

function tasksOf({ group }: GroupEntry, streams: StreamsProfile | undefined, view: TopicsView): TaskTopics {
  const tasks = new Map<string, AssignableTask & { readonly topics: readonly TopicView[]; readonly partition: PartitionIndex }>();
  for (const [part, { topicNames, stateful }] of (streams?.parts ?? []).entries()) {
    const topics = topicNames.flatMap((name) => view.byName(group.namespace, name) ?? []);
    const count = Math.max(0, ...topics.map(({ partitions }) => partitions));
    for (let at = 0; at < count; at++) {
      const id = `${part}_${at}`;
      const partition = at as PartitionIndex;
      tasks.set(id, { id, part, stateful, partition, topics: topics.filter(({ partitions }) => at < partitions) });
    }
  }
  return tasks;
}

function candidateOf({ memberId, profile, target, following, streams }: StreamsJoined, tasks: TaskTopics): TaskCandidate {
  const held = new Map([...(target ?? [])].map(([topicId, partitions]) => [topicId, new Set(partitions)]));
  const active = new Set<string>();
  for (const { id, topics, partition } of tasks.values()) {
    const [first] = topics;
    // Of a task that was assigned in parts, whoever has the first topic counts as its owner.
    if (first !== undefined && held.get(first.topicId)?.has(partition) === true) active.add(id);
  }
  const { processId, lags } = streams;
  return { memberId, processId, rack: profile.rack, active, following: new Set(following), lags };
}

function partitionsOf(active: readonly string[], tasks: TaskTopics): TopicPartitions {
  const gathered = new PartitionGatherer();
  for (const id of active) {
    const task = tasks.get(id);
    for (const { topicId } of task?.topics ?? []) if (task !== undefined) gathered.add(topicId, task.partition);
  }
  return gathered.finish();
}
