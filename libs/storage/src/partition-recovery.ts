import { assert } from '@moldau/kernel';
import { baseOffsetAt, batchesIn, partitionLeaderEpochAt } from '@moldau/records';
import { noteBatch } from './append.ts';
import { checkSizes } from './clean-shutdown.ts';
import { finishSwap } from './compaction/finish-swap.ts';
import { readWhole } from './disk-calls.ts';
import type { CheckpointEntry } from './high-watermark-checkpoint.ts';
import type { RecoveredJournal } from './journal-recovery.ts';
import { decodeLeaderEpochs, LeaderEpochs } from './leader-epochs.ts';
import { removeLeftovers } from './leftovers.ts';
import { type Manifest, saveManifest } from './manifest.ts';
import { type Damage, NOTHING_CLEANED, PartitionState } from './partition-state.ts';
import { LEADER_EPOCHS_FILE, parseSegmentName } from './paths.ts';
import { restoreProducersBefore } from './producer-rebuild.ts';
import { encodeSnapshot } from './producer-snapshot.ts';
import { storeRecovered } from './recovery-store.ts';
import { Segment } from './segment.ts';
import { scanSegment } from './segment-scan.ts';
import { decodeSideFile, encodeSideFile } from './side-file.ts';
import type { StorageContext } from './storage-context.ts';
import { ownEntry } from './tail-slab.ts';

/** What is known from outside the partition's own directory. */
export interface RecoveryEvidence {
  readonly journal: RecoveredJournal;
  readonly checkpoint: CheckpointEntry | undefined;
  /** False: no high watermark is known, so nothing may be cut. */
  readonly checkpointKnown: boolean;
  /** Whether the journal's files stay, durable: what they hold needs no other place yet. */
  readonly journalStays: boolean;
}

/** A recovery under way. */
export interface Recovery {
  readonly context: StorageContext;
  readonly state: PartitionState;
  readonly manifest: Manifest;
  readonly evidence: RecoveryEvidence;
  /** All names in the directory. */
  readonly names: ReadonlySet<string>;
  /** Bases of the `.log` files there are. */
  readonly files: ReadonlySet<number>;
  readonly highWatermark: number;
  /** Bytes that each unsealed file has, by segment. */
  readonly fileBytes: Map<Segment, number>;
  /** Where the scan met something that is no batch of this log. */
  fault: Damage | undefined;
  /** Bytes of log files behind the last batch that counts. */
  cutBytes: number;
}

/**
 * Makes a partition's log usable after an unclean stop. Sealed segments are checked for existence and size; the others are
 * scanned, continued from the journal, and cut behind the last good batch, which may only lie above the high watermark.
 * Can be stopped and repeated at any point: the journal stays until segments have what it holds.
 */
export async function recoverPartition(
  context: StorageContext,
  directory: string,
  manifest: Manifest,
  evidence: RecoveryEvidence,
): Promise<PartitionState> {
  await finishSwap(context.ports.disk, directory, manifest);
  const entries = await context.ports.disk.list(directory);
  const files = new Set(
    entries
      .map(({ name }) => parseSegmentName(name))
      .filter((file) => file?.kind === 'log')
      .map((file) => file?.baseOffset ?? 0),
  );
  const sealed = manifest.sealed.map((facts) => Segment.onDisk(directory, facts));
  const state = stateOf(context, directory, manifest, sealed);
  const highWatermark = Math.min(
    evidence.checkpoint?.highWatermark ?? manifest.highWatermark ?? 0,
    manifest.cutAt ?? Number.POSITIVE_INFINITY,
  );
  state.uncommittedEnds.advance(highWatermark);
  const recovery: Recovery = {
    context,
    state,
    manifest,
    evidence,
    names: new Set(entries.map(({ name }) => name)),
    files,
    highWatermark,
    fileBytes: new Map(),
    fault: undefined,
    cutBytes: 0,
  };
  const damage = manifest.damage ?? (await checkSizes(context, sealed)) ?? (await recoverUnsealed(recovery));
  if (damage !== undefined) {
    state.settle();
    state.highWatermark = highWatermark;
    state.status = { kind: 'corrupt', where: damage };
    if (manifest.damage === undefined) await saveManifest(context.ports.disk, state, manifest.cutAt);
    return state;
  }
  await removeLeftovers(context, state, entries, { finishedTruncation: manifest.cutAt !== undefined });
  state.highWatermark = Math.min(Math.max(highWatermark, state.startOffset), state.endOffset);
  state.uncommittedEnds.advance(state.highWatermark);
  state.settle();
  return state;
}

/** As partition.json has it: nothing of the unsealed segments yet. */
function stateOf(context: StorageContext, directory: string, manifest: Manifest, sealed: readonly Segment[]): PartitionState {
  for (const segment of sealed) {
    segment.phase = 'sealed';
    segment.index = undefined;
  }
  const state = new PartitionState({ ...manifest, directory }, [...sealed, new Segment(directory, manifest.unsealedFrom)], context);
  state.startOffset = manifest.startOffset;
  state.journalFloor = manifest.journalFloor;
  state.cleaned = manifest.cleaned ?? NOTHING_CLEANED;
  state.swapNoted = manifest.swap !== undefined;
  return state;
}

async function recoverUnsealed(recovery: Recovery): Promise<Damage | undefined> {
  const { context, state, manifest, highWatermark } = recovery;
  await loadEpochs(recovery);
  await restoreProducersBefore(context, state, manifest.sealed.length);
  await extend(recovery);
  const cutAt = manifest.cutAt ?? Number.POSITIVE_INFINITY;
  const end = Math.min(state.endOffset, cutAt);
  if (end < Math.max(highWatermark, state.startOffset)) {
    const missing: Damage = { file: state.active.path, position: state.active.sizeBytes, offset: end, reason: 'the log ends here' };
    const { reason, ...place } = recovery.fault ?? missing;
    return { ...place, reason: `${reason}, below the high watermark ${highWatermark}` };
  }
  const epochs = epochFault(recovery);
  if (epochs !== undefined)
    return {
      file: state.segments[manifest.sealed.length]?.path ?? state.directory,
      position: -1,
      offset: highWatermark - 1,
      reason: epochs,
    };
  if (recovery.fault !== undefined && !recovery.evidence.checkpointKnown) {
    return { ...recovery.fault, reason: `${recovery.fault.reason}, and no high watermark is known` };
  }
  await storeRecovered(recovery);
  return undefined;
}

/** A batch's CRC does not cover its leader epoch; the checkpoint knows which epoch wrote the last committed batch, and from where. */
function epochFault({ state, evidence, manifest }: Recovery): string | undefined {
  const { checkpoint } = evidence;
  if (checkpoint === undefined || checkpoint.epoch < 0 || manifest.cutAt !== undefined) return undefined;
  const found = state.epochs.entryAt(checkpoint.highWatermark - 1);
  const start = Math.max(checkpoint.epochStart, state.startOffset);
  const same = found?.epoch === checkpoint.epoch && Math.max(found.startOffset, state.startOffset) === start;
  if (same || checkpoint.highWatermark <= state.startOffset) return undefined;
  return `leader epoch ${found?.epoch} from ${found?.startOffset} where the checkpoint knows ${checkpoint.epoch} from ${checkpoint.epochStart}`;
}

async function loadEpochs({ context, state, names }: Recovery): Promise<void> {
  const base = state.active.baseOffset;
  const path = `${state.directory}/${LEADER_EPOCHS_FILE}`;
  const file = decodeSideFile('leaderEpochs', names.has(LEADER_EPOCHS_FILE) ? await readWhole(context.ports.disk, path) : undefined);
  const entries = file.kind === 'valid' ? decodeLeaderEpochs(file.content, state.logId) : undefined;
  state.epochs = new LeaderEpochs(entries ?? []);
  state.epochs.truncateEnd(base);
  if (entries === undefined) await rebuildEpochs(context, state);
  state.epochs.truncateStart(state.startOffset);
}

/** From the batches of the sealed segments: its file is missing or damaged. */
async function rebuildEpochs(context: StorageContext, state: PartitionState): Promise<void> {
  for (const segment of state.segments) {
    if (segment.phase !== 'sealed' || segment.sizeBytes === 0) continue;
    const descriptor = await context.descriptors.acquire(segment);
    try {
      const range = { position: 0, offset: segment.baseOffset, endPosition: segment.sizeBytes };
      await scanSegment(descriptor.file, range, context.ports.scheduler, (bytes, at) => {
        state.epochs.assign(partitionLeaderEpochAt(bytes, at), baseOffsetAt(bytes, at));
        return undefined;
      });
    } finally {
      context.descriptors.release(descriptor);
    }
  }
}

/** Scans the unsealed files, one where the other ends, and goes on in the journal where they end. */
async function extend(recovery: Recovery): Promise<void> {
  const { state, evidence, files, manifest } = recovery;
  const cutAt = manifest.cutAt ?? Number.POSITIVE_INFINITY;
  await scanFile(recovery, state.active);
  for (;;) {
    if (state.endOffset >= cutAt) return;
    const { active } = state;
    if (files.has(active.endOffset) && active.endOffset > active.baseOffset) {
      // The file that was begun where this one ended.
      active.phase = 'sealing';
      const next = new Segment(state.directory, active.endOffset);
      rememberSnapshot(recovery, next.baseOffset);
      state.segments.push(next);
      await scanFile(recovery, next);
      continue;
    }
    const batches = evidence.journal.batchesAt(state.logId, state.journalFloor, active.endOffset);
    if (batches === undefined) return;
    appendReplayed(recovery, active, batches);
  }
}

async function scanFile(recovery: Recovery, segment: Segment): Promise<void> {
  const { context, files } = recovery;
  recovery.fault = undefined;
  if (!files.has(segment.baseOffset)) return;
  segment.exists = true;
  const descriptor = await context.descriptors.acquire(segment);
  try {
    const endPosition = await descriptor.file.size();
    recovery.fileBytes.set(segment, endPosition);
    const range = { position: 0, offset: segment.baseOffset, endPosition };
    const end = await scanSegment(descriptor.file, range, context.ports.scheduler, (bytes, at, size) => {
      const refusal = whyNot(recovery, bytes, at);
      if (refusal === undefined) noteRecovered(recovery, segment, bytes, at, size);
      return refusal;
    });
    if (end.fault !== undefined) recovery.fault = { file: segment.path, position: end.position, offset: end.nextOffset, reason: end.fault };
  } finally {
    context.descriptors.release(descriptor);
  }
  segment.writtenBytes = segment.sizeBytes;
  segment.writtenEnd = segment.endOffset;
}

/** What the batch's own check can't see: epochs never fall, and none below the high watermark is above the checkpoint's. */
function whyNot(recovery: Recovery, bytes: Uint8Array, at: number): string | undefined {
  const { state, manifest, evidence, highWatermark } = recovery;
  const baseOffset = baseOffsetAt(bytes, at);
  if (manifest.cutAt !== undefined && baseOffset >= manifest.cutAt) return 'truncated';
  const epoch = partitionLeaderEpochAt(bytes, at);
  const latest = state.epochs.latest?.epoch ?? -1;
  if (epoch < latest) return `leader epoch ${epoch} after ${latest}`;
  const limit = evidence.checkpoint?.epoch ?? -1;
  if (limit >= 0 && baseOffset < highWatermark && epoch > limit) return `leader epoch ${epoch} where the checkpoint knows ${limit}`;
  return undefined;
}

function noteRecovered(recovery: Recovery, segment: Segment, bytes: Uint8Array, at: number, size: number): void {
  noteBatch(recovery.state, segment, bytes, at, size, undefined);
  const nowMs = recovery.context.ports.clock.wallMs();
  segment.firstAppendMs ??= segment.maxTimestamp >= 0 ? Math.min(nowMs, segment.maxTimestamp) : nowMs;
}

function appendReplayed(recovery: Recovery, segment: Segment, payload: Uint8Array): void {
  const bytes = new Uint8Array(payload);
  const baseOffset = segment.endOffset;
  recovery.fault = undefined;
  for (const { position, sizeInBytes } of batchesIn(bytes)) noteRecovered(recovery, segment, bytes, position, sizeInBytes);
  assert(segment.endOffset > baseOffset, 'a replay makes progress', { baseOffset });
  segment.unwritten.push(ownEntry(bytes, baseOffset, segment.endOffset));
  recovery.context.unwrittenBytes += bytes.length;
}

function rememberSnapshot(recovery: Recovery, base: number): void {
  const { state } = recovery;
  state.snapshots.set(base, encodeSideFile('producerSnapshot', encodeSnapshot(state.logId, base, state.producers, state.uncommittedEnds)));
}
