import { partitionOf } from '@moldau/cluster';
import { checkHistory, type History } from '@moldau/harness/history';
import { type PartitionIndex, topicId as toTopicId } from '@moldau/kernel';
import type { Scenario } from '../scenario/scenario.ts';
import type { World } from '../world/world.ts';
import { readReplica } from './replica-reader.ts';

/** Reads every replica of every partition from its files: all are equal, and hold what was acknowledged. */
export function checkReplicas(world: World, scenario: Scenario, topicId: string, history: History): void {
  const { findings, metadata } = world;
  for (let partition = 0; partition < scenario.partitions; partition++) {
    const record = partitionOf(metadata.image, toTopicId(topicId), partition as PartitionIndex);
    const logs = (record?.replicas ?? []).map((id) => ({ id, log: readReplica(world.broker(id).disk, topicId, partition, findings) }));
    const [first] = logs;
    findings.expect(logs.length === scenario.factor, 'replica-missing', () => `partition ${partition} has ${logs.length} replicas`);
    for (const { id, log } of logs) {
      findings.expect(
        log.endOffset === first?.log.endOffset && log.checksum === first.log.checksum,
        'replicas-differ',
        () => `partition ${partition}: broker ${id} ends at ${log.endOffset}, broker ${first?.id} at ${first?.log.endOffset}`,
      );
      const sends = history.sends().filter((send) => send.partition === partition);
      for (const { name, value, offset, detail } of checkHistory(sends, log.reads)) {
        findings.add(name, `replica ${id} of partition ${partition}: ${value} at offset ${offset}: ${detail}`);
      }
    }
  }
}
