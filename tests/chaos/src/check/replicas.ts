import type { Moldau } from '@moldau/client';
import type { OpRecorder } from '@moldau/harness';
import type { ChaosCluster } from '../cluster/chaos-cluster.ts';
import { contentOf, readReplica, replicaDirectory } from './replica-files.ts';

/** A topic whose replicas are compared. */
export interface ReplicatedTopic {
  readonly name: string;
  readonly topicId: string;
  readonly partitions: number;
  readonly factor: number;
}

/** What keeps the partitions of a topic from being whole: undefined when all have a leader, and all replicas are in sync. */
export async function whyNotInSync(moldau: Moldau, { name, partitions, factor }: ReplicatedTopic): Promise<string | undefined> {
  let seen = 0;
  for await (const each of moldau.admin().describePartitions({ topics: [name] })) {
    seen += 1;
    const { partition, leaderId, replicaIds, inSyncReplicaIds, addingIds, removingIds } = each;
    const what = `partition ${partition} has leader ${leaderId}, replicas ${replicaIds.join()}, in sync ${inSyncReplicaIds.join()}`;
    if (leaderId === undefined || inSyncReplicaIds.length !== factor || replicaIds.length !== factor) return what;
    if (addingIds.length + removingIds.length > 0) return `${what}, adding ${addingIds.join()}, removing ${removingIds.join()}`;
  }
  return seen === partitions ? undefined : `${seen} of ${partitions} partitions are known`;
}

/** Where the files of replicas differ, while nobody writes; undefined when they are equal byte by byte. */
export function whyNotEqual(cluster: ChaosCluster, { topicId, partitions, factor }: ReplicatedTopic): string | undefined {
  if (cluster.brokers.length !== factor) throw new Error(`the topic has ${factor} replicas on ${cluster.brokers.length} brokers`);
  for (let partition = 0; partition < partitions; partition++) {
    const contents = cluster.brokers.map(({ name }) => {
      const { bytes, checksum } = contentOf(replicaDirectory(cluster.dataDirectory(name), topicId, partition));
      return { name, text: `${bytes} bytes with checksum ${checksum}` };
    });
    if (new Set(contents.map(({ text }) => text)).size > 1)
      return `partition ${partition}: ${contents.map(({ name, text }) => `${name} has ${text}`).join(', ')}`;
  }
  return undefined;
}

/**
 * Reads the files of all replicas, of brokers that have stopped, into the history: each broker is a final reader of its own, so the
 * checker holds every replica to all that was acknowledged and read. Answers with what is wrong with the files themselves.
 */
export function recordReplicas(cluster: ChaosCluster, topic: ReplicatedTopic, history: OpRecorder): readonly string[] {
  const findings: string[] = [];
  const partitions = Array.from({ length: topic.partitions }, (_, index) => index);
  for (const { name } of cluster.brokers) {
    const reader = `files of ${name}`;
    history.assigned(reader, { partitions, from: 'beginning', final: true });
    for (const partition of partitions) {
      const directory = replicaDirectory(cluster.dataDirectory(name), topic.topicId, partition);
      for (const reads of readReplica(directory, partition, (finding) => findings.push(finding))) history.polled(reader, reads);
    }
  }
  const difference = whyNotEqual(cluster, topic);
  return difference === undefined ? findings : [...findings, `replicas differ: ${difference}`];
}
