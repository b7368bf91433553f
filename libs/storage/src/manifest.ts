import { assert, type Disk, type PartitionIndex, type TopicId } from '@moldau/kernel';
import { readWhole, replaceFile } from './disk-calls.ts';
import type { PartitionConfig } from './partition-config.ts';
import type { Cleaned, Damage, PartitionState } from './partition-state.ts';
import { PARTITION_FILE } from './paths.ts';
import type { SealedSegment, Segment } from './segment.ts';
import { decodeJsonFile, encodeJsonFile, type SideFile } from './side-file.ts';

/** `partition.json`: what belongs to the log, beyond doubt. Files it does not list are either newer or leftovers. */
export interface Manifest {
  readonly topicId: TopicId;
  readonly partition: PartitionIndex;
  readonly logId: string;
  readonly config: PartitionConfig;
  readonly startOffset: number;
  /** Sealed segments, ascending and contiguous. */
  readonly sealed: readonly SealedSegment[];
  /** Base of the first segment that is not sealed; its successors begin where it ends. */
  readonly unsealedFrom: number;
  readonly journalFloor: number;
  /** A truncation under way: recovery finishes it. */
  readonly cutAt?: number;
  /** How far compaction has come; absent: nowhere. */
  readonly cleaned?: Cleaned;
  /** Base of the segment whose file may still have to take the place of its predecessor's: recovery sees to it. */
  readonly swap?: number;
  /** Damage that was found: the partition stays offline until repaired. */
  readonly damage?: Damage;
  /** What `repair` left as high watermark. */
  readonly highWatermark?: number;
}

export async function readManifest(disk: Disk, directory: string): Promise<SideFile<Manifest>> {
  // The CRC vouches for the shape.
  return decodeJsonFile(await readWhole(disk, `${directory}/${PARTITION_FILE}`)) as SideFile<Manifest>;
}

export async function writeManifest(disk: Disk, directory: string, manifest: Manifest): Promise<void> {
  await replaceFile(disk, directory, PARTITION_FILE, encodeJsonFile(manifest));
}

/** Makes partition.json say what the log is now, after the changes queued before. */
export function saveManifest(disk: Disk, state: PartitionState, cutAt?: number): Promise<void> {
  return state.manifest.run(() => writeState(disk, state, cutAt));
}

/** As `saveManifest`, for who holds the queue of partition.json. */
export async function writeState(disk: Disk, state: PartitionState, cutAt?: number): Promise<void> {
  const { swap } = state;
  await writeManifest(disk, state.directory, describeManifest(state, cutAt));
  state.swapNoted = swap !== undefined;
}

/** `cutAt`: the offset of a truncation that is about to begin. */
export function describeManifest(state: PartitionState, cutAt?: number): Manifest {
  const { swap } = state;
  const sealed = listed(state).map((segment) => segment.sealedFacts);
  const unsealed = state.segments.find((segment) => segment.phase !== 'sealed');
  assert(unsealed !== undefined, 'a log has an unsealed segment', { directory: state.directory });
  return {
    topicId: state.topicId,
    partition: state.partition,
    logId: state.logId,
    config: state.config,
    startOffset: state.startOffset,
    sealed,
    unsealedFrom: unsealed.baseOffset,
    journalFloor: state.journalFloor,
    ...(cutAt === undefined ? {} : { cutAt }),
    ...(state.cleaned.to === 0 ? {} : { cleaned: state.cleaned }),
    ...(swap === undefined ? {} : { swap: swap.cleaned.baseOffset }),
    ...(state.status.kind === 'corrupt' ? { damage: state.status.where } : {}),
  };
}

/** The sealed segments, those of a swap under way as they will be. */
function listed({ segments, swap }: PartitionState): Segment[] {
  const sealed = segments.filter((segment) => segment.phase === 'sealed');
  const first = swap === undefined ? -1 : sealed.findIndex((segment) => segment === swap.old[0]);
  if (swap !== undefined && first >= 0) sealed.splice(first, swap.old.length, swap.cleaned);
  return sealed;
}
