import { MoldauError } from '@moldau/kernel';
import { invalidTopology } from './invalid-topology.ts';
import type { TopicRef } from './operator.ts';
import type { SubTopology } from './sub-topologies.ts';
import type { Topology } from './topology.ts';

/** A topic that the application needs for itself. */
export interface InternalTopic {
  readonly name: string;
  readonly partitions: number;
  /** Changelogs of tables keep the last of each key; of windows also no longer than they are needed; repartition topics are emptied as they are read. */
  readonly cleanup: 'compact' | 'compact,delete' | 'delete';
  /** Of windows and sessions. */
  readonly retentionMs: number | undefined;
}

export interface PlannedPart {
  readonly subTopology: SubTopology;
  /** Tasks of this part: one per partition of its topics. */
  readonly tasks: number;
}

/** A topology over the topics of a cluster. */
export interface TopologyPlan {
  readonly application: string;
  readonly parts: readonly PlannedPart[];
  readonly internalTopics: readonly InternalTopic[];
  /** Full name of a topic. */
  topicName(ref: TopicRef): string;
  /** Full name of the changelog of a store. */
  changelogName(store: string): string;
}

/**
 * Fixes the number of tasks and of partitions of internal topics. `partitionsOf` tells those of topics of the cluster.
 *
 * @throws MoldauError INVALID_TOPOLOGY for a topic that does not exist, CO_PARTITION_MISMATCH
 */
export function planTopology(topology: Topology, application: string, partitionsOf: (topic: string) => number | undefined): TopologyPlan {
  const counts = countPartitions(topology, partitionsOf);
  const prefix = `_streams-${application}-`;
  const parts = topology.subTopologies.map((subTopology) => ({
    subTopology,
    tasks: Math.max(...subTopology.sources.map(({ name }) => counts.get(name) ?? 0)),
  }));
  const changelogs = parts.flatMap(({ subTopology, tasks }) =>
    subTopology.stores.flatMap(({ name, kind, log, retentionMs }): InternalTopic[] => {
      if (log.kind !== 'changelog') return [];
      const windowed = kind !== 'key-value';
      return [
        {
          name: `${prefix}${name}-changelog`,
          partitions: tasks,
          cleanup: windowed ? 'compact,delete' : 'compact',
          retentionMs: windowed ? retentionMs : undefined,
        },
      ];
    }),
  );
  const repartitions = topology.repartitions.map(({ name }): InternalTopic => {
    return { name: prefix + name, partitions: counts.get(name) ?? 0, cleanup: 'delete', retentionMs: undefined };
  });
  return {
    application,
    parts,
    internalTopics: [...repartitions, ...changelogs],
    topicName: ({ name, internal }) => (internal ? prefix + name : name),
    changelogName: (store) => `${prefix}${store}-changelog`,
  };
}

function countPartitions(topology: Topology, partitionsOf: (topic: string) => number | undefined): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { name, internal } of topology.subTopologies.flatMap(({ sources }) => sources)) {
    if (internal) continue;
    const count = partitionsOf(name);
    if (count === undefined) throw invalidTopology(`the topology reads the topic ${name}, which does not exist`, { topic: name });
    counts.set(name, count);
  }
  for (const { name, partitions } of topology.repartitions) if (partitions !== undefined) counts.set(name, partitions);
  // A repartition topic may wait for another one; each round settles one at least.
  for (let round = 0; round <= topology.repartitions.length; round++) settleRepartitions(topology, counts);
  for (const { operator, topics } of topology.coPartitions) {
    const seen = topics.map((topic) => counts.get(topic) ?? 0);
    if (new Set(seen).size <= 1) continue;
    const list = topics.map((topic, index) => `${topic} has ${seen[index]}`).join(', ');
    throw new MoldauError(
      'CO_PARTITION_MISMATCH',
      `${operator} brings equal keys together, so its topics need equally many partitions: ${list}. Repartition one of them.`,
      { operator, value: list },
    );
  }
  return counts;
}

function settleRepartitions({ repartitions, coPartitions, subTopologies }: Topology, counts: Map<string, number>): void {
  for (const { name } of repartitions) {
    if (counts.has(name)) continue;
    const partners = coPartitions.filter(({ topics }) => topics.includes(name)).flatMap(({ topics }) => topics);
    const known = partners.flatMap((topic) => counts.get(topic) ?? []);
    const upstream = subTopologies.find(({ operators }) =>
      operators.some((operator) => operator.kind === 'sink' && typeof operator.topic !== 'function' && operator.topic.name === name),
    );
    const feeding = upstream?.sources.map((ref) => counts.get(ref.name)) ?? [];
    if (known.length > 0) counts.set(name, Math.max(...known));
    else if (feeding.length > 0 && feeding.every((count) => count !== undefined)) counts.set(name, Math.max(...feeding));
  }
}
