import { type Moldau, type ProducerRecord, serdes } from '@moldau/client';
import type { JsonObject } from '@moldau/connect';
import { canonicalJson } from '../../core/canonical-json.ts';
import { sourceTaskId, type WorkerClusterNames } from '../../core/names.ts';
import { readToEnd } from './topic-tail.ts';
import { OFFSETS_PARTITIONS } from './topics.ts';

/** Where a source stands, by its parts. */
export type StoredPositions = ReadonlyMap<string, { readonly partition: JsonObject; readonly offset: JsonObject }>;

/** All positions of a connector lie in one partition of the offsets topic, so that a task reads no more than it must. */
export function offsetsPartition(connector: string): number {
  let hash = 0;
  for (const byte of Buffer.from(connector)) hash = (Math.imul(hash, 31) + byte) >>> 0;
  return hash % OFFSETS_PARTITIONS;
}

/** A position as it is stored; as in Kafka the key is [connector, partition], and null forgets it. */
export function positionRecord(
  topic: string,
  connector: string,
  { partition, offset }: { readonly partition: JsonObject; readonly offset: JsonObject | null },
): ProducerRecord<Uint8Array, Uint8Array> {
  return {
    topic,
    partition: offsetsPartition(connector),
    key: serdes.string.serialize(canonicalJson([connector, partition]), topic),
    value: offset === null ? null : serdes.string.serialize(JSON.stringify(offset), topic),
  };
}

export async function readPositions(moldau: Moldau, topic: string, connector: string): Promise<StoredPositions> {
  const found = new Map<string, { readonly partition: JsonObject; readonly offset: JsonObject }>();
  await readToEnd(moldau, { topic, partition: offsetsPartition(connector) }, ({ key, value }) => {
    const [owner, partition] = JSON.parse(key ?? '[]') as readonly [string?, JsonObject?];
    if (owner !== connector || partition === undefined) return;
    const name = canonicalJson(partition);
    if (value === null) found.delete(name);
    else found.set(name, { partition, offset: JSON.parse(value) as JsonObject });
  });
  return found;
}

/** Changes positions of a connector that is stopped; a task that was left over somewhere is fenced before. */
export async function writePositions(
  moldau: Moldau,
  place: { readonly names: WorkerClusterNames; readonly groupId: string; readonly connector: string; readonly tasks: number },
  positions: readonly { readonly partition: JsonObject; readonly offset: JsonObject | null }[],
): Promise<void> {
  const { names, groupId, connector, tasks } = place;
  for (let task = 0; task < Math.max(1, tasks); task++) {
    await using producer = moldau.transactionalProducer({ transactionalId: sourceTaskId(groupId, connector, task) });
    await producer.transaction((transaction) => {
      if (task > 0) return;
      for (const position of positions) void transaction.send(positionRecord(names.offsets, connector, position));
    });
  }
}
