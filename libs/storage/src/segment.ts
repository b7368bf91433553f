import { assert } from '@moldau/kernel';
import type { Descriptor } from './descriptor-cache.ts';
import type { AbortedTransaction } from './ended-transactions.ts';
import { type SegmentFileKind, segmentName } from './paths.ts';
import { SegmentIndex } from './segment-index.ts';
import type { LogEntry } from './tail-slab.ts';

/**
 * The life of a segment: `active` takes appends; `sealing` takes no more and is being flushed; `sealed` is listed in
 * partition.json; `removed` is gone or going. Legal moves: active → sealing → sealed → removed, sealed → active and
 * sealing → active by truncation, anything → removed.
 */
export type SegmentPhase = 'active' | 'sealing' | 'sealed' | 'removed';

/** What partition.json says of a sealed segment. */
export interface SealedSegment {
  readonly baseOffset: number;
  readonly endOffset: number;
  readonly sizeBytes: number;
  readonly maxTimestamp: number;
  /** Base offset of the batch that has it. */
  readonly maxTimestampOffset: number;
  /** Wall time of the first append, where known. */
  readonly firstAppendMs?: number;
  /** Aborted transactions whose marker lies in it; absent: none. */
  readonly aborted?: number;
}

export const NO_TIMESTAMP = -1;

/** One `.log` file and what is known of it: appended ≥ written ≥ synced. */
export class Segment {
  readonly baseOffset: number;
  readonly directory: string;
  phase: SegmentPhase = 'active';
  /** The offset after the last appended batch. */
  endOffset: number;
  /** Bytes appended, also those still in memory. */
  sizeBytes = 0;
  /** Bytes handed to the file system, and the offset they reach. */
  writtenBytes = 0;
  writtenEnd: number;
  /** Bytes that a sync covered, and the offset they reach. */
  syncedBytes = 0;
  syncedEnd: number;
  /** Whether the file exists, and whether its name would survive a power loss. */
  exists = false;
  nameDurable = false;
  /** Whether only an earlier life wrote the unsynced bytes; the journal holds them too. */
  inherited = false;
  /** Appended and not in the file yet, oldest first. */
  unwritten: LogEntry[] = [];
  maxTimestamp = NO_TIMESTAMP;
  maxTimestampOffset: number;
  /** Wall time of the first append; `segment.ms` and `max.compaction.lag.ms` count from it. */
  firstAppendMs: number | undefined;
  /** Aborted transactions whose marker lies here, by marker; undefined when a sealed segment has some and they are in its file only. */
  aborted: AbortedTransaction[] | undefined = [];
  #sealedAborted = 0;
  /** Undefined while a sealed segment's index is not in memory. */
  index: SegmentIndex | undefined;
  /** Managed by the descriptor cache. */
  descriptor: Descriptor | undefined;

  constructor(directory: string, baseOffset: number) {
    this.directory = directory;
    this.baseOffset = baseOffset;
    this.endOffset = baseOffset;
    this.writtenEnd = baseOffset;
    this.syncedEnd = baseOffset;
    this.maxTimestampOffset = baseOffset;
    this.index = new SegmentIndex(baseOffset);
  }

  /** A segment whose bytes are all on disk, as partition.json or the shutdown marker tells. */
  static onDisk(directory: string, facts: SealedSegment): Segment {
    const segment = new Segment(directory, facts.baseOffset);
    segment.endOffset = facts.endOffset;
    segment.sizeBytes = facts.sizeBytes;
    segment.maxTimestamp = facts.maxTimestamp;
    segment.maxTimestampOffset = facts.maxTimestampOffset;
    segment.firstAppendMs = facts.firstAppendMs;
    segment.forgetAborted(facts.aborted ?? 0);
    segment.settle();
    return segment;
  }

  get path(): string {
    return this.file('log');
  }

  /** Whether a sync of the file would make more safe. */
  get dirty(): boolean {
    return this.syncedBytes < this.writtenBytes || (this.exists && !this.nameDurable);
  }

  get sealedFacts(): SealedSegment {
    const { baseOffset, endOffset, sizeBytes, maxTimestamp, maxTimestampOffset, firstAppendMs } = this;
    const first = firstAppendMs === undefined ? {} : { firstAppendMs };
    const aborted = this.abortedCount === 0 ? {} : { aborted: this.abortedCount };
    return { baseOffset, endOffset, sizeBytes, maxTimestamp, maxTimestampOffset, ...first, ...aborted };
  }

  /** Aborted transactions whose marker lies in it. */
  get abortedCount(): number {
    return this.aborted?.length ?? this.#sealedAborted;
  }

  /** Says that so many aborted transactions are in the segment's file, if any: memory need not have them. */
  forgetAborted(count: number): void {
    this.#sealedAborted = count;
    this.aborted = count === 0 ? [] : undefined;
  }

  file(kind: SegmentFileKind): string {
    return `${this.directory}/${segmentName(this.baseOffset, kind)}`;
  }

  /** Says that all appended bytes are in the file and durable, as is its name. */
  settle(): void {
    this.writtenBytes = this.sizeBytes;
    this.syncedBytes = this.sizeBytes;
    this.writtenEnd = this.endOffset;
    this.syncedEnd = this.endOffset;
    this.exists = this.sizeBytes > 0;
    this.nameDurable = this.exists;
    this.unwritten = [];
  }

  /** Says that what is in the file is durable, as is its name. */
  assumeSynced(): void {
    assert(this.unwritten.length === 0, 'nothing waits to be written', { ...this.sealedFacts });
    this.syncedBytes = this.writtenBytes;
    this.syncedEnd = this.writtenEnd;
    this.nameDurable = this.exists;
  }

  /** Takes batches off the front of what is unwritten: they are in the file now. */
  wrote(count: number): void {
    const entries = this.unwritten.splice(0, count);
    this.inherited = false;
    for (const entry of entries) {
      assert(entry.baseOffset === this.writtenEnd, 'batches are written in order', { ...this.sealedFacts });
      this.writtenBytes += entry.sizeBytes;
      this.writtenEnd = entry.endOffset;
    }
  }

  /** Takes back the batches from `offset` on that are in no file; they are at the end. */
  dropUnwritten(offset: number): void {
    for (let last = this.unwritten.at(-1); last !== undefined && last.baseOffset >= offset; last = this.unwritten.at(-1)) {
      this.unwritten.pop();
      this.sizeBytes -= last.sizeBytes;
      this.endOffset = last.baseOffset;
    }
    this.aborted = this.aborted?.filter(({ markerOffset }) => markerOffset < offset);
  }
}
