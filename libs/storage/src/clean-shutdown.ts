import type { Disk, Scheduler } from '@moldau/kernel';
import { ByteReader, ByteWriter } from './byte-codec.ts';
import { nextTurn, readWhole, removeIfThere, replaceFile } from './disk-calls.ts';
import { readAborted, writeAborted } from './ended-transactions.ts';
import { type EpochEntry, LeaderEpochs, readEpochEntries, writeEpochEntries } from './leader-epochs.ts';
import { describeManifest, type Manifest } from './manifest.ts';
import { type Damage, NOTHING_CLEANED, PartitionState } from './partition-state.ts';
import { CLEAN_SHUTDOWN_FILE, partitionDirectory } from './paths.ts';
import { type SealedSegment, Segment } from './segment.ts';
import { SegmentIndex } from './segment-index.ts';
import { decodeSideFile, encodeSideFile } from './side-file.ts';
import { inSteps, PARTITIONS_PER_STEP } from './steps.ts';
import type { StorageContext } from './storage-context.ts';

/**
 * The clean-shutdown marker. It exists only while the directory is closed after everything was flushed; opening removes it
 * first. It holds all that opening needs, so that no partition's own files are read, only their sizes.
 *
 *   payload: next journal sequence int64, next generation int64, count int32, then per partition: manifest as JSON text,
 *            high watermark int64, active segment (as in the manifest) as JSON text, leader epochs, producer state with
 *            transactions whose marker is not committed and aborted ones of the active segment
 */
export interface CleanShutdown {
  readonly nextSequence: number;
  readonly nextGeneration: number;
  readonly partitions: readonly CleanPartition[];
}

export interface CleanPartition {
  readonly manifest: Manifest;
  readonly highWatermark: number;
  readonly active: SealedSegment;
  readonly epochs: readonly EpochEntry[];
  /** Encoded; decoded when the partition is opened. */
  readonly producers: Uint8Array;
}

export async function writeCleanShutdown(
  { disk, scheduler }: { readonly disk: Disk; readonly scheduler: Scheduler },
  root: string,
  journal: { readonly nextSequence: number; readonly nextGeneration: number },
  states: readonly PartitionState[],
): Promise<void> {
  const writer = new ByteWriter();
  writer.int64(journal.nextSequence);
  writer.int64(journal.nextGeneration);
  writer.int32(states.length);
  await inSteps(scheduler, states, (state) => writePartition(writer, state));
  await replaceFile(disk, root, CLEAN_SHUTDOWN_FILE, encodeSideFile('cleanShutdown', writer.finish()));
}

/** Reads the marker and removes it, durably: what happens from now on is not clean until the next shutdown. */
export async function takeCleanShutdown(disk: Disk, scheduler: Scheduler, root: string): Promise<CleanShutdown | undefined> {
  const path = `${root}/${CLEAN_SHUTDOWN_FILE}`;
  const file = decodeSideFile('cleanShutdown', await readWhole(disk, path));
  if (file.kind === 'absent') return undefined;
  await removeIfThere(disk, path);
  await disk.syncDirectory(root);
  if (file.kind !== 'valid') return undefined;
  const reader = new ByteReader(file.content);
  const nextSequence = reader.int64();
  const nextGeneration = reader.int64();
  const partitions: CleanPartition[] = [];
  for (let left = reader.int32(); left > 0; left--) {
    partitions.push(readPartition(reader));
    if (left % PARTITIONS_PER_STEP === 0) await nextTurn(scheduler);
  }
  return { nextSequence, nextGeneration, partitions };
}

/** The partition as it was closed. `damage` when a file has not the size it had. */
export async function reopenPartition(context: StorageContext, clean: CleanPartition): Promise<PartitionState> {
  const { manifest } = clean;
  const directory = partitionDirectory(context.root, manifest.topicId, manifest.partition);
  const sealed = manifest.sealed.map((facts) => Segment.onDisk(directory, facts));
  for (const segment of sealed) {
    segment.phase = 'sealed';
    segment.index = undefined;
  }
  const active = Segment.onDisk(directory, clean.active);
  active.index = new SegmentIndex(active.baseOffset, { offset: active.endOffset, position: active.sizeBytes });
  const state = new PartitionState({ ...manifest, directory }, [...sealed, active], context);
  state.startOffset = manifest.startOffset;
  state.journalFloor = manifest.journalFloor;
  state.cleaned = manifest.cleaned ?? NOTHING_CLEANED;
  // Its partition.json was not read; the next swap begins with writing it.
  state.swapNoted = true;
  state.highWatermark = clean.highWatermark;
  state.epochs = new LeaderEpochs(clean.epochs);
  const reader = new ByteReader(clean.producers);
  state.producers.restore(reader);
  if (!reader.done) {
    state.uncommittedEnds.restore(reader);
    active.aborted = readAborted(reader);
  }
  if (!reader.done) state.producers.shardEpoch = reader.int32();
  state.settle();
  const damage = manifest.damage ?? (await checkSizes(context, state.segments));
  if (damage !== undefined) state.status = { kind: 'corrupt', where: damage };
  return state;
}

/** The first segment whose file is not there or not whole. */
export async function checkSizes(context: StorageContext, segments: readonly Segment[]): Promise<Damage | undefined> {
  for (const segment of segments) {
    const status = await context.ports.disk.stat(segment.path);
    const size = status?.sizeBytes ?? 0;
    segment.exists = status !== undefined;
    segment.nameDurable = segment.exists;
    if (size === segment.sizeBytes) continue;
    const reason = status === undefined ? 'the file is missing' : `${size} bytes where ${segment.sizeBytes} belong`;
    return { file: segment.path, position: Math.min(size, segment.sizeBytes), offset: segment.baseOffset, reason };
  }
  return undefined;
}

function writePartition(writer: ByteWriter, state: PartitionState): void {
  const { active } = state;
  writer.text(JSON.stringify(describeManifest(state)));
  writer.int64(state.highWatermark);
  writer.text(JSON.stringify(active.sealedFacts));
  writeEpochEntries(writer, state.epochs.entries);
  const producers = new ByteWriter();
  state.producers.encode(producers);
  state.uncommittedEnds.encode(producers);
  writeAborted(producers, active.aborted ?? []);
  producers.int32(state.producers.shardEpoch);
  writer.bytes(producers.finish());
}

function readPartition(reader: ByteReader): CleanPartition {
  return {
    manifest: JSON.parse(reader.text()) as Manifest,
    highWatermark: reader.int64(),
    active: JSON.parse(reader.text()) as CleanPartition['active'],
    epochs: readEpochEntries(reader),
    producers: reader.bytes(),
  };
}
