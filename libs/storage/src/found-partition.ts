import { type Disk, type PartitionIndex, partitionKey, type TopicId } from '@moldau/kernel';
import type { CheckpointEntry, ReadCheckpoint } from './high-watermark-checkpoint.ts';
import type { RecoveredJournal } from './journal-recovery.ts';
import { type Manifest, readManifest } from './manifest.ts';
import { partitionConfig } from './partition-config.ts';
import { recoverPartition } from './partition-recovery.ts';
import { type Damage, PartitionState } from './partition-state.ts';
import {
  DELETED_SUFFIX,
  PARTITION_FILE,
  parsePartitionName,
  parseSegmentName,
  parseTopicName,
  partitionDirectory,
  TOPICS_DIRECTORY,
} from './paths.ts';
import { Segment } from './segment.ts';
import { describeFault, type SideFile } from './side-file.ts';
import type { StorageContext } from './storage-context.ts';

/** A partition's directory. */
export interface FoundPartition {
  readonly key: string;
  readonly topicId: TopicId;
  readonly partition: PartitionIndex;
  readonly directory: string;
}

const UNKNOWN_LOG_ID = '00000000-0000-0000-0000-000000000000';

/**
 * The partitions there are. Removes what `deletePartition` had renamed, and the directories of topics with nothing in them;
 * leaves names that are no partition's alone.
 */
export async function findPartitions(disk: Disk, root: string): Promise<FoundPartition[]> {
  const found: FoundPartition[] = [];
  for (const topic of await disk.list(`${root}/${TOPICS_DIRECTORY}`)) {
    const topicId = parseTopicName(topic.name);
    if (topicId === undefined || topic.kind !== 'directory') continue;
    const directory = `${root}/${TOPICS_DIRECTORY}/${topic.name}`;
    let left = 0;
    for (const { name, kind } of await disk.list(directory)) {
      left += 1;
      if (kind !== 'directory') continue;
      if (name.endsWith(DELETED_SUFFIX)) {
        await disk.removeTree(`${directory}/${name}`);
        left -= 1;
      }
      const partition = parsePartitionName(name);
      if (partition === undefined) continue;
      found.push({ key: partitionKey(topicId, partition), topicId, partition, directory: partitionDirectory(root, topicId, partition) });
    }
    if (left === 0) await disk.removeTree(directory);
  }
  return found;
}

/** Opens a partition after an unclean stop; undefined for one whose creation was never finished. */
export async function recoverFound(
  context: StorageContext,
  place: FoundPartition,
  evidence: { readonly checkpoint: ReadCheckpoint; readonly journal: RecoveredJournal; readonly journalStays: boolean },
): Promise<PartitionState | undefined> {
  const manifest = await readManifest(context.ports.disk, place.directory);
  const known = evidence.checkpoint.byKey.get(place.key);
  const fault = manifestFault(manifest, place);
  if (fault === undefined && manifest.kind === 'valid') {
    const checkpoint = evidence.checkpoint.entries.get(manifest.content.logId);
    return recoverPartition(context, place.directory, manifest.content, {
      journal: evidence.journal,
      journalStays: evidence.journalStays,
      checkpoint,
      checkpointKnown: evidence.checkpoint.known,
    });
  }
  if (manifest.kind === 'absent' && known === undefined && !(await hasLogs(context.ports.disk, place.directory))) return undefined;
  const file = `${place.directory}/${PARTITION_FILE}`;
  return corruptPartition(context, place, known, { file, position: -1, offset: -1, reason: fault ?? 'missing' });
}

/** Stands for a partition that the checkpoint knows and the disk has lost; undefined when the key is no partition's. */
export function missingPartition(context: StorageContext, entry: CheckpointEntry): PartitionState | undefined {
  const topicId = parseTopicName(entry.key.slice(0, UNKNOWN_LOG_ID.length));
  const partition = parsePartitionName(entry.key.slice(UNKNOWN_LOG_ID.length + 1));
  if (topicId === undefined || partition === undefined) return undefined;
  const directory = partitionDirectory(context.root, topicId, partition);
  const place = { key: entry.key, topicId, partition, directory };
  return corruptPartition(context, place, entry, { file: directory, position: -1, offset: 0, reason: 'the directory is missing' });
}

function manifestFault(file: SideFile<Manifest>, place: FoundPartition): string | undefined {
  if (file.kind !== 'valid') return describeFault(file);
  const { topicId, partition } = file.content;
  return topicId === place.topicId && partition === place.partition ? undefined : `of partition ${partition} of topic ${topicId}`;
}

function corruptPartition(
  context: StorageContext,
  place: FoundPartition,
  known: CheckpointEntry | undefined,
  where: Damage,
): PartitionState {
  const identity = { ...place, logId: known?.logId ?? UNKNOWN_LOG_ID, config: partitionConfig() };
  const state = new PartitionState(identity, [new Segment(place.directory, 0)], context);
  // Remembered until the partition is repaired, so that the checkpoint goes on knowing it.
  state.highWatermark = known?.highWatermark ?? 0;
  state.status = { kind: 'corrupt', where };
  return state;
}

async function hasLogs(disk: Disk, directory: string): Promise<boolean> {
  return (await disk.list(directory)).some(({ name }) => parseSegmentName(name)?.kind === 'log');
}
