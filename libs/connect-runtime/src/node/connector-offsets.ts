import type { Moldau } from '@moldau/client';
import type { JsonObject, JsonValue } from '@moldau/connect';
import { MoldauError } from '@moldau/kernel';
import type { OffsetsChange } from '../core/connect-command.ts';
import type { ConnectorEntry } from '../core/connect-image.ts';
import { sinkGroup, type WorkerClusterNames } from '../core/names.ts';
import { readPositions, writePositions } from './cluster/source-offsets.ts';

export interface OffsetView {
  readonly partition: JsonObject;
  readonly offset: JsonObject | null;
}

export interface OffsetsPlace {
  readonly moldau: Moldau;
  readonly names: WorkerClusterNames;
  readonly groupId: string;
}

/** How far a connector has come (KIP-875): a source by its own positions, a sink by its group. */
export async function readOffsets({ moldau, names }: OffsetsPlace, entry: ConnectorEntry): Promise<readonly OffsetView[]> {
  if (entry.connector.kind === 'source') return [...(await readPositions(moldau, names.offsets, entry.name)).values()];
  const [result] = await moldau.admin().describeGroups([sinkGroup(entry.name)]);
  return (result?.group?.partitions ?? []).flatMap(({ topic, partition, committedOffset }) =>
    committedOffset === undefined
      ? []
      : [{ partition: { kafka_topic: topic, kafka_partition: partition }, offset: { kafka_offset: Number(committedOffset) } }],
  );
}

/** Sets offsets, or resets all. @throws MoldauError CONNECTOR_OFFSETS_INVALID; GROUP_NOT_EMPTY while a task is still ending */
export async function changeOffsets(place: OffsetsPlace, entry: ConnectorEntry, change: OffsetsChange): Promise<string> {
  if (entry.connector.kind === 'source') await changePositions(place, entry, change);
  else await changeGroup(place, entry, change);
  const what = change === undefined ? 'reset' : 'altered';
  return `The offsets for this connector have been ${what} successfully`;
}

async function changePositions(place: OffsetsPlace, entry: ConnectorEntry, change: OffsetsChange): Promise<void> {
  const { moldau, names } = place;
  const known = await readPositions(moldau, names.offsets, entry.name);
  const positions = change?.map(({ partition, offset }) => ({ partition, offset: objectOrNull(offset) }));
  const all = positions ?? [...known.values()].map(({ partition }) => ({ partition, offset: null }));
  await writePositions(moldau, { ...place, connector: entry.name, tasks: entry.tasks?.tasks.length ?? 0 }, all);
}

async function changeGroup({ moldau }: OffsetsPlace, { name }: ConnectorEntry, change: OffsetsChange): Promise<void> {
  const admin = moldau.admin();
  const group = sinkGroup(name);
  if (change === undefined) {
    for (const { error } of await admin.deleteGroups([group])) if (error !== undefined && error.reason !== 'UNKNOWN_GROUP') throw error;
    return;
  }
  for (const { partition: place, offset } of change) {
    const { kafka_topic: topic, kafka_partition: partition } = place;
    if (typeof topic !== 'string' || typeof partition !== 'number')
      throw malformed(place, '{"kafka_topic": text, "kafka_partition": number}');
    const partitions = [{ topic, partitions: [partition] }];
    const wanted = objectOrNull(offset)?.['kafka_offset'];
    if (offset === null) await admin.deleteGroupOffsets(group, partitions);
    else if (typeof wanted !== 'number' || !Number.isSafeInteger(wanted) || wanted < 0)
      throw malformed(offset, '{"kafka_offset": a whole number from 0}');
    else {
      for (const { error } of await admin.resetGroupOffsets(group, { offset: wanted }, { partitions }))
        if (error !== undefined) throw error;
    }
  }
}

function objectOrNull(offset: JsonValue): JsonObject | null {
  if (offset === null) return null;
  if (typeof offset === 'object' && !Array.isArray(offset)) return offset as JsonObject;
  throw malformed(offset, 'a JSON object or null');
}

function malformed(value: JsonValue, limit: string): MoldauError {
  const shown = JSON.stringify(value).slice(0, 200);
  return new MoldauError('CONNECTOR_OFFSETS_INVALID', `${shown} is no offset of this connector; expected ${limit}`, {
    value: shown,
    limit,
  });
}
