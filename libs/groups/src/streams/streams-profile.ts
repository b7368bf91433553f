import { MoldauError, parseTopicName } from '@moldau/kernel';
import type { StreamsMember, StreamsTask } from '@moldau/protocol';

/** What a member of a stream application says of the application's tasks, and of the state that it has. */
export interface StreamsProfile {
  /** Members of one process share its disk and its fate. */
  readonly processId: string;
  /** Parts of the topology by number: what their tasks read, and whether they have state. */
  readonly parts: readonly StreamsPartProfile[];
  /** By task, `part_partition`: changelog records that its state lacks. Other than of tasks that it runs. */
  readonly lags: ReadonlyMap<string, number>;
}

export interface StreamsPartProfile {
  readonly topicNames: readonly string[];
  readonly stateful: boolean;
}

/** Longest process id, in characters. */
const PROCESS_ID_LENGTH_MAX = 249;
/** Most parts of a topology; each has a topic at least, and those are limited too. */
const PARTS_MAX = 1_000;
/** Most tasks of which a member may have state: what it says is a record of the group. */
const TASK_LAGS_MAX = 10_000;

/** @throws MoldauError INVALID_REQUEST with field, value and limit; INVALID_TOPIC_NAME */
export function checkStreamsProfile(profile: StreamsProfile): void {
  const { processId, parts, lags } = profile;
  if (processId.length < 1 || processId.length > PROCESS_ID_LENGTH_MAX) {
    throw invalid('streams.process_id', processId.slice(0, PROCESS_ID_LENGTH_MAX), `1 to ${PROCESS_ID_LENGTH_MAX} characters`);
  }
  if (parts.length > PARTS_MAX) throw invalid('streams.parts', String(parts.length), String(PARTS_MAX));
  if (lags.size > TASK_LAGS_MAX) throw invalid('streams.lags', String(lags.size), String(TASK_LAGS_MAX));
  const seen = new Set<string>();
  for (const name of parts.flatMap(({ topicNames }) => topicNames)) {
    if (seen.has(parseTopicName(name))) throw invalid('streams.parts', name, 'a topic in one part only');
    seen.add(name);
  }
  for (const [task, lag] of lags) {
    if (!Number.isSafeInteger(lag) || lag < 0) throw invalid('streams.lags', `${lag} of ${task}`, '0 or more records');
  }
}

export function profileOfStreams({ processId, parts, lags }: StreamsMember): StreamsProfile {
  return {
    processId,
    parts: parts.map(({ topicNames, stateful }) => ({ topicNames: [...topicNames].sort(), stateful })),
    lags: new Map(lags.map(({ task, records }) => [`${task?.part ?? 0}_${task?.partition ?? 0}`, records])),
  };
}

export function wireStreams({ processId, parts, lags }: StreamsProfile): StreamsMember {
  return {
    processId,
    parts: parts.map(({ topicNames, stateful }) => ({ topicNames: [...topicNames], stateful })),
    lags: [...lags].map(([task, records]) => ({ task: wireTask(task), records })),
  };
}

export function wireTask(task: string): StreamsTask {
  const [part = 0, partition = 0] = task.split('_').map(Number);
  return { part, partition };
}

export function taskOf({ part, partition }: StreamsTask): string {
  return `${part}_${partition}`;
}

/** Equal for equal topologies only. */
export function topologyOfStreams({ parts }: StreamsProfile): string {
  return JSON.stringify(parts.map(({ topicNames, stateful }) => [topicNames, stateful]));
}

export function equalStreams(one: StreamsProfile | undefined, other: StreamsProfile | undefined): boolean {
  if (one === other) return true;
  if (one === undefined || other === undefined) return false;
  if (one.processId !== other.processId || one.lags.size !== other.lags.size) return false;
  for (const [task, lag] of one.lags) if (other.lags.get(task) !== lag) return false;
  return topologyOfStreams(one) === topologyOfStreams(other);
}

function invalid(field: string, value: string, limit: string): MoldauError {
  return new MoldauError('INVALID_REQUEST', `${field} is '${value}', the limit is ${limit}`, { field, value, limit });
}
