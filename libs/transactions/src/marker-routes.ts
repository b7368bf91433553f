import type { BrokerId, Namespace } from '@moldau/kernel';
import type { MarkerTask } from './markers.ts';
import type { TopicPartition } from './participants.ts';

/** Where participants are at the moment, by the metadata. */
export interface MarkerDirectory {
  /** The leader; `absent` while there is none; `gone` when topic or partition no longer exist. */
  leaderOf(partition: TopicPartition): BrokerId | 'absent' | 'gone';
  /** The shard of `__groups` that keeps the group. */
  shardOfGroup(namespace: Namespace, group: string): number;
}

/** The same marker for several partitions of one broker, or groups of one shard. */
export interface RoutedMarker<Target, Task extends MarkerTask = MarkerTask> {
  readonly task: Task;
  readonly targets: readonly Target[];
}

/** Markers by destination: one message each. */
export interface MarkerRoutes<Task extends MarkerTask = MarkerTask> {
  readonly brokers: ReadonlyMap<BrokerId, readonly RoutedMarker<TopicPartition, Task>[]>;
  readonly groupShards: ReadonlyMap<number, readonly RoutedMarker<string, Task>[]>;
  /** Nothing is there to be marked: to be confirmed without asking anyone. */
  readonly gone: readonly RoutedMarker<TopicPartition, Task>[];
  /** Nobody leads these at the moment: to be routed again. */
  readonly absent: readonly RoutedMarker<TopicPartition, Task>[];
}

/** Sorts what waits by where it has to go. */
export function routeMarkers<Task extends MarkerTask>(tasks: Iterable<Task>, directory: MarkerDirectory): MarkerRoutes<Task> {
  const brokers = new Map<BrokerId, RoutedMarker<TopicPartition, Task>[]>();
  const groupShards = new Map<number, RoutedMarker<string, Task>[]>();
  const gone: RoutedMarker<TopicPartition, Task>[] = [];
  const absent: RoutedMarker<TopicPartition, Task>[] = [];
  for (const task of tasks) {
    for (const [place, targets] of sortBy(task.waiting.partitions, (partition) => directory.leaderOf(partition))) {
      if (place === 'absent') absent.push({ task, targets });
      else if (place === 'gone') gone.push({ task, targets });
      else addTo(brokers, place, { task, targets });
    }
    for (const [shard, targets] of sortBy(task.waiting.groups, (group) => directory.shardOfGroup(task.name.namespace, group))) {
      addTo(groupShards, shard, { task, targets });
    }
  }
  return { brokers, groupShards, gone, absent };
}

function sortBy<Target, Place>(targets: readonly Target[], placeOf: (target: Target) => Place): Map<Place, Target[]> {
  const sorted = new Map<Place, Target[]>();
  for (const target of targets) addTo(sorted, placeOf(target), target);
  return sorted;
}

function addTo<Key, Item>(lists: Map<Key, Item[]>, key: Key, item: Item): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [item]);
  else list.push(item);
}
