import { type Disk, type Ids, MoldauError } from '@moldau/kernel';
import { batchesIn } from '@moldau/records';
import { timestampOf } from './batch-check.ts';
import { finishSwap } from './compaction/finish-swap.ts';
import { readWhole, writeFile } from './disk-calls.ts';
import { takeApart } from './find-batches.ts';
import { type Manifest, readManifest, writeManifest } from './manifest.ts';
import { type PartitionConfig, partitionConfig } from './partition-config.ts';
import { DAMAGED_SUFFIX, parsePartitionName, parseSegmentName, parseTopicName, segmentName, TEMPORARY_SUFFIX } from './paths.ts';
import { NO_TIMESTAMP, type SealedSegment } from './segment.ts';

export interface RepairOptions {
  /** Without it a repair that would lose records is refused, and says which. */
  readonly acceptLoss: boolean;
  /** Used when partition.json is damaged; default: the defaults. */
  readonly config?: PartitionConfig;
}

/** Records that are gone: [from, to). `to` is the log's former end as far as known. */
export interface LostRange {
  readonly from: number;
  readonly to: number;
  readonly file: string;
  readonly position: number;
  readonly bytes: number;
}

export interface RepairReport {
  readonly lost: readonly LostRange[];
  readonly startOffset: number;
  readonly endOffset: number;
  readonly segments: number;
}

interface Plan {
  readonly lost: LostRange[];
  readonly segments: { readonly facts: SealedSegment; readonly bytes: Uint8Array; readonly source: string; readonly whole: boolean }[];
}

/**
 * Repairs a partition whose log is damaged, with its data directory closed (the caller holds its lock). All good batches
 * are kept, each at its offset; what is lost leaves a gap. Damaged files stay beside the log as `….damaged`. The log gets a
 * new id, so that its old checkpoint and journal entries don't count.
 *
 * One segment file is in memory at a time while planning; those that need a new file stay until it is written.
 *
 * @throws MoldauError LOSS_NOT_ACCEPTED with what would be lost; DATA_DIRECTORY_UNUSABLE when it is no partition
 */
export async function repairPartition(
  ports: { readonly disk: Disk; readonly ids: Ids },
  directory: string,
  options: RepairOptions,
): Promise<RepairReport> {
  const { disk } = ports;
  const manifest = await manifestOrDefault(disk, directory, options);
  await finishSwap(disk, directory, manifest);
  const plan = await makePlan(disk, directory, manifest);
  if (plan.lost.length > 0 && !options.acceptLoss) throw lossNotAccepted(directory, plan.lost);
  const sealed = plan.segments.map(({ facts }) => facts);
  // Offsets that were given stay given, also where their records are lost.
  const ends = [...manifest.sealed, ...sealed].map((segment) => segment.endOffset);
  const endOffset = Math.max(manifest.startOffset, manifest.unsealedFrom, ...ends, ...plan.lost.map(({ to }) => to));
  const startOffset = Math.min(Math.max(manifest.startOffset, sealed[0]?.baseOffset ?? endOffset), endOffset);
  // 1. New files beside the old ones, under temporary names.
  for (const segment of plan.segments) {
    if (!segment.whole)
      await writeFile(disk, `${directory}/${segmentName(segment.facts.baseOffset, 'log')}${TEMPORARY_SUFFIX}`, segment.bytes, {
        sync: true,
      });
  }
  // 2. The old ones step aside, the new ones into place. A crash between leaves a partition that another repair makes good.
  for (const source of new Set(plan.segments.filter(({ whole }) => !whole).map(({ source: name }) => name))) {
    await disk.rename(`${directory}/${source}`, `${directory}/${source}${DAMAGED_SUFFIX}`);
  }
  for (const segment of plan.segments) {
    const path = `${directory}/${segmentName(segment.facts.baseOffset, 'log')}`;
    if (!segment.whole) await disk.rename(path + TEMPORARY_SUFFIX, path);
  }
  await setAsideRest(disk, directory, new Set(sealed.map(({ baseOffset }) => segmentName(baseOffset, 'log'))));
  await disk.syncDirectory(directory);
  // 3. partition.json lists what there is now; the log goes on in a new segment.
  const { damage: _damage, cutAt: _cutAt, swap: _swap, ...rest } = manifest;
  const logId = ports.ids.uuid();
  await writeManifest(disk, directory, {
    ...rest,
    logId,
    sealed,
    unsealedFrom: endOffset,
    startOffset,
    journalFloor: 0,
    highWatermark: endOffset,
  });
  return { lost: plan.lost, startOffset, endOffset, segments: sealed.length };
}

async function manifestOrDefault(disk: Disk, directory: string, options: RepairOptions): Promise<Manifest> {
  const file = await readManifest(disk, directory);
  if (file.kind === 'valid') return options.config === undefined ? file.content : { ...file.content, config: options.config };
  const [topic, partition] = directory.split('/').slice(-2);
  const topicId = parseTopicName(topic ?? '');
  const index = parsePartitionName(partition ?? '');
  if (topicId === undefined || index === undefined || file.kind === 'newer') {
    throw new MoldauError('DATA_DIRECTORY_UNUSABLE', `${directory} is no partition's directory of this format`, { path: directory });
  }
  const config = options.config ?? partitionConfig();
  return { topicId, partition: index, logId: '', config, startOffset: 0, sealed: [], unsealedFrom: 0, journalFloor: 0 };
}

async function makePlan(disk: Disk, directory: string, manifest: Manifest): Promise<Plan> {
  const plan: Plan = { lost: [], segments: [] };
  const listed = new Map(manifest.sealed.map((facts) => [facts.baseOffset, facts]));
  const bases = await logBases(disk, directory);
  for (const facts of manifest.sealed) {
    const file = `${directory}/${segmentName(facts.baseOffset, 'log')}`;
    if (!bases.includes(facts.baseOffset))
      plan.lost.push({ from: facts.baseOffset, to: facts.endOffset, file, position: 0, bytes: facts.sizeBytes });
  }
  // Files below the log's start were deleted; a truncation that was under way is finished.
  const first = Math.min(manifest.sealed[0]?.baseOffset ?? manifest.unsealedFrom, manifest.unsealedFrom);
  const own = bases.filter((base) => base >= first && base < (manifest.cutAt ?? Number.POSITIVE_INFINITY));
  for (const [index, base] of own.entries()) {
    // Compaction put its records into the file before; a crash kept it from being removed.
    if (!listed.has(base) && base < (plan.segments.at(-1)?.facts.endOffset ?? 0)) continue;
    const bytes = (await readWhole(disk, `${directory}/${segmentName(base, 'log')}`)) ?? new Uint8Array(0);
    planFile(plan, directory, bytes, { base, end: listed.get(base)?.endOffset ?? own[index + 1], size: listed.get(base)?.sizeBytes });
  }
  return plan;
}

/** What is known of a log file from outside. */
interface FileFacts {
  readonly base: number;
  readonly end: number | undefined;
  readonly size: number | undefined;
}

function planFile(plan: Plan, directory: string, bytes: Uint8Array, known: FileFacts): void {
  const source = segmentName(known.base, 'log');
  const file = `${directory}/${source}`;
  let reached = known.base;
  const pieces = takeApart(bytes, known.base);
  for (const [index, piece] of pieces.entries()) {
    if (piece.kind === 'damage') {
      const after = pieces[index + 1];
      const to = after?.kind === 'batches' ? after.baseOffset : (known.end ?? reached);
      plan.lost.push({ from: reached, to, file, position: piece.position, bytes: piece.bytes });
      continue;
    }
    const whole = pieces.length === 1 && piece.baseOffset === known.base;
    const part = bytes.subarray(piece.position, piece.position + piece.bytes);
    plan.segments.push({ facts: factsOf(part, piece.baseOffset, piece.endOffset), bytes: whole ? NOTHING : part, source, whole });
    reached = piece.endOffset;
  }
  const cutOff = known.end !== undefined && reached < known.end && pieces.at(-1)?.kind !== 'damage';
  if (cutOff)
    plan.lost.push({
      from: reached,
      to: known.end ?? reached,
      file,
      position: bytes.length,
      bytes: Math.max(0, (known.size ?? 0) - bytes.length),
    });
}

const NOTHING = new Uint8Array(0);

function factsOf(bytes: Uint8Array, baseOffset: number, endOffset: number): SealedSegment {
  let maxTimestamp = NO_TIMESTAMP;
  for (const { position } of batchesIn(bytes)) maxTimestamp = Math.max(maxTimestamp, timestampOf(bytes, position));
  return { baseOffset, endOffset, sizeBytes: bytes.length, maxTimestamp, maxTimestampOffset: baseOffset };
}

async function logBases(disk: Disk, directory: string): Promise<number[]> {
  const names = (await disk.list(directory)).map(({ name }) => parseSegmentName(name));
  return names.flatMap((name) => (name?.kind === 'log' ? [name.baseOffset] : [])).sort((left, right) => left - right);
}

/** Log files that hold nothing good any more. */
async function setAsideRest(disk: Disk, directory: string, kept: ReadonlySet<string>): Promise<void> {
  for (const base of await logBases(disk, directory)) {
    const name = segmentName(base, 'log');
    if (!kept.has(name)) await disk.rename(`${directory}/${name}`, `${directory}/${name}${DAMAGED_SUFFIX}`);
  }
}

function lossNotAccepted(directory: string, lost: readonly LostRange[]): MoldauError {
  const bytes = lost.reduce((sum, range) => sum + range.bytes, 0);
  const ranges = lost.map(({ from, to, file, position }) => `offsets ${from} to ${to} (${file} from byte ${position})`).join('; ');
  const facts = { path: directory, from: String(lost[0]?.from), to: String(lost.at(-1)?.to), bytes: String(bytes) };
  return new MoldauError('LOSS_NOT_ACCEPTED', `the repair would lose ${ranges}: ${bytes} bytes`, facts);
}
