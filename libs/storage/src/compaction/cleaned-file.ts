import type { DiskFile, LeaderEpoch, Offset } from '@moldau/kernel';
import { baseOffsetAt, buildFiller, lastOffsetAt, lastOffsetDeltaAt, maxTimestampAt, partitionLeaderEpochAt } from '@moldau/records';
import { timestampOf } from '../batch-check.ts';
import { createAfresh, removeIfThere } from '../disk-calls.ts';
import { CLEANED_SUFFIX } from '../paths.ts';
import { Segment } from '../segment.ts';
import type { StorageContext } from '../storage-context.ts';
import type { Pace } from './pace.ts';
import type { BatchAt } from './segment-batches.ts';

/** Bytes written between two syncs: the last one must not hold up everyone else's. */
const SYNC_BYTES = 8 * 1024 * 1024;

interface Pending {
  readonly baseOffset: number;
  lastOffset: number;
  readonly leaderEpoch: number;
  maxTimestamp: number;
}

/** The file that is to take the place of some segments: written beside them, under their first one's name and `.cleaned`. */
export class CleanedFile {
  /** What it will be in memory. */
  readonly segment: Segment;
  readonly #context: StorageContext;
  readonly #file: DiskFile;
  readonly #path: string;
  readonly #indexIntervalBytes: number;
  readonly #chunks: Uint8Array[] = [];
  #position = 0;
  #unsynced = 0;
  #removed: Pending | undefined;
  #closed = false;

  private constructor(context: StorageContext, segment: Segment, file: DiskFile, indexIntervalBytes: number) {
    this.#context = context;
    this.segment = segment;
    this.#file = file;
    this.#path = cleanedPath(segment);
    this.#indexIntervalBytes = indexIntervalBytes;
  }

  static async create(context: StorageContext, first: Segment, indexIntervalBytes: number): Promise<CleanedFile> {
    const segment = new Segment(first.directory, first.baseOffset);
    const file = await createAfresh(context.ports.disk, cleanedPath(segment));
    return new CleanedFile(context, segment, file, indexIntervalBytes);
  }

  /** Takes a batch over as it is. Its bytes must not change before `flush`. */
  keep({ bytes, at, sizeInBytes }: BatchAt): void {
    this.put(bytes.subarray(at, at + sizeInBytes));
  }

  /** Takes one batch. */
  put(batch: Uint8Array): void {
    this.#endRemoved();
    this.#add(batch);
  }

  /** Leaves a batch out: a filler stands for it and its removed neighbours of the same leader epoch. */
  remove({ bytes, at }: BatchAt): void {
    const baseOffset = baseOffsetAt(bytes, at);
    const lastOffset = lastOffsetAt(bytes, at);
    const leaderEpoch = partitionLeaderEpochAt(bytes, at);
    const maxTimestamp = timestampOf(bytes, at);
    const removed = this.#removed;
    if (removed?.leaderEpoch === leaderEpoch) {
      removed.lastOffset = lastOffset;
      removed.maxTimestamp = Math.max(removed.maxTimestamp, maxTimestamp);
      return;
    }
    this.#endRemoved();
    this.#removed = { baseOffset, lastOffset, leaderEpoch, maxTimestamp };
  }

  /** Writes what was taken. */
  async flush(pace: Pace): Promise<void> {
    if (this.#chunks.length === 0) return;
    const bytes = this.segment.sizeBytes - this.#position;
    await pace.transfer(bytes);
    await this.#file.write(this.#chunks.splice(0), this.#position);
    this.#position += bytes;
    this.#unsynced += bytes;
    if (this.#unsynced < SYNC_BYTES) return;
    await this.#file.sync();
    this.#unsynced = 0;
  }

  /** The whole file is durable under its own name, up to `endOffset`. */
  async finish(endOffset: number, pace: Pace): Promise<void> {
    this.#endRemoved();
    await this.flush(pace);
    await this.#file.sync();
    await this.#close();
    this.segment.endOffset = endOffset;
    this.segment.settle();
  }

  /** Gives it up. */
  async discard(): Promise<void> {
    await this.#close();
    await removeIfThere(this.#context.ports.disk, this.#path);
  }

  async #close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#file.close();
  }

  #endRemoved(): void {
    const removed = this.#removed;
    if (removed === undefined) return;
    this.#removed = undefined;
    const { baseOffset, lastOffset, leaderEpoch, maxTimestamp } = removed;
    this.#add(
      buildFiller({
        baseOffset: baseOffset as Offset,
        lastOffset: lastOffset as Offset,
        leaderEpoch: leaderEpoch as LeaderEpoch,
        maxTimestamp,
      }),
    );
  }

  #add(batch: Uint8Array): void {
    const { segment } = this;
    const baseOffset = baseOffsetAt(batch, 0);
    segment.index?.add(baseOffset, segment.sizeBytes, batch.length, segment.maxTimestamp, this.#indexIntervalBytes);
    const timestamp = Math.max(-1, maxTimestampAt(batch, 0));
    if (timestamp > segment.maxTimestamp) {
      segment.maxTimestamp = timestamp;
      segment.maxTimestampOffset = baseOffset;
    }
    segment.sizeBytes += batch.length;
    segment.endOffset = baseOffset + lastOffsetDeltaAt(batch, 0) + 1;
    this.#chunks.push(batch);
  }
}

export function cleanedPath(segment: Segment): string {
  return segment.path + CLEANED_SUFFIX;
}
