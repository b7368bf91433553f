import { partitionOf } from '@moldau/cluster';
import { checkHistory, type History, type LogAnomaly, type Read } from '@moldau/harness/history';
import { type PartitionIndex, topicId as toTopicId } from '@moldau/kernel';
import type { Scenario } from '../scenario/scenario.ts';
import type { World } from '../world/world.ts';
import { readReplica } from './replica-reader.ts';

/** Reads every replica of every partition from its files: all are equal, and hold what was acknowledged. */
export function checkReplicas(world: World, scenario: Scenario, topicId: string, history: History): void {
  const { findings, metadata } = world;
  const all = history.sends();
  for (let partition = 0; partition < scenario.partitions; partition++) {
    const record = partitionOf(metadata.image, toTopicId(topicId), partition as PartitionIndex);
    const logs = (record?.replicas ?? []).map((id) => ({ id, log: readReplica(world.broker(id).disk, topicId, partition, findings) }));
    const [first] = logs;
    findings.expect(logs.length === scenario.factor, 'replica-missing', () => `partition ${partition} has ${logs.length} replicas`);
    const sends = all.filter((send) => send.partition === partition);
    let ofFirst: readonly LogAnomaly[] = [];
    for (const { id, log } of logs) {
      findings.expect(
        log.endOffset === first?.log.endOffset && log.checksum === first.log.checksum,
        'replicas-differ',
        () => `partition ${partition}: broker ${id} ends at ${log.endOffset}, broker ${first?.id} at ${first?.log.endOffset}`,
      );
      // The same records have the same anomalies.
      const found = log === first?.log || !sameReads(log.reads, first?.log.reads ?? []) ? checkHistory(sends, log.reads) : ofFirst;
      if (log === first?.log) ofFirst = found;
      for (const { name, value, offset, detail } of found) {
        findings.add(name, `replica ${id} of partition ${partition}: ${value} at offset ${offset}: ${detail}`);
      }
    }
  }
}

function sameReads(one: readonly Read[], other: readonly Read[]): boolean {
  return one.length === other.length && one.every((read, at) => isSame(read, other[at]));
}

function isSame({ offset, value }: Read, other: Read | undefined): boolean {
  if (other === undefined || offset !== other.offset) return false;
  if (value === null || other.value === null) return value === other.value;
  return Buffer.compare(value, other.value) === 0;
}
