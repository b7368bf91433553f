import { assert, MoldauError, type PartitionIndex, present, type TopicId } from '@moldau/kernel';
import { UncommittedEnds } from './ended-transactions.ts';
import { logIdBytes } from './journal-format.ts';
import type { KeyRoom } from './keyed-batches.ts';
import { LeaderEpochs } from './leader-epochs.ts';
import type { PartitionConfig } from './partition-config.ts';
import { ProducerState } from './producer-state.ts';
import type { Segment } from './segment.ts';
import { Serial } from './serial.ts';
import { Tail } from './tail.ts';
import type { TailCache } from './tail-cache.ts';
import type { LogEntry } from './tail-slab.ts';

/** Where bytes fail their check. */
export interface Damage {
  readonly file: string;
  /** Byte in the file; −1 when the whole file is meant. */
  readonly position: number;
  /** The offset that should be there; −1 when unknown. */
  readonly offset: number;
  readonly reason: string;
}

/**
 * `online` takes appends and reads. `corrupt`: a check failed below the high watermark, or where none may fail; nothing is
 * served, all data is kept. `offline`: its directory failed. `closed`: deleted, or the directory is closed.
 * Legal moves: online → corrupt, online → offline, anything → closed.
 */
export type PartitionStatus =
  | { readonly kind: 'online' }
  | { readonly kind: 'corrupt'; readonly where: Damage }
  | { readonly kind: 'offline'; readonly reason: string }
  | { readonly kind: 'closed' };

/** What the log tells its owner; it reads the ends from the log itself. */
export type Progress =
  /** `writtenEnd` or `flushedEnd` moved. */
  | { readonly kind: 'advanced' }
  /** The appends in [from, to) were taken back: surely not written. */
  | { readonly kind: 'dropped'; readonly from: number; readonly to: number; readonly error: MoldauError }
  /** The partition left `online`; what was appended and not flushed is in doubt. */
  | { readonly kind: 'failed'; readonly error: MoldauError };

/** How far compaction has come. */
export interface Cleaned {
  /** Below it each key has one record, its newest from below: the clean point. */
  readonly to: number;
  /** When the youngest tombstone or marker below may go, in ms since the epoch; −1: there is none. */
  readonly horizonMs: number;
}

export const NOTHING_CLEANED: Cleaned = Object.freeze({ to: 0, horizonMs: -1 });

/** Segments about to give way to one: partition.json says so before memory does. */
export interface Swap {
  readonly old: readonly Segment[];
  readonly cleaned: Segment;
}

/** Memory that the partitions of a directory share. */
export interface SharedMemory {
  readonly tails: TailCache;
  readonly keys: KeyRoom;
}

export interface PartitionIdentity {
  readonly topicId: TopicId;
  readonly partition: PartitionIndex;
  readonly directory: string;
  /** Made when the partition is created or repaired; journal, checkpoint and side files of another life don't match it. */
  readonly logId: string;
  readonly config: PartitionConfig;
}

/** Everything one partition's log knows; the modules beside this one work on it. Offsets: start ≤ high watermark, flushed ≤ written ≤ end. */
export class PartitionState {
  readonly topicId: TopicId;
  readonly partition: PartitionIndex;
  readonly directory: string;
  readonly logId: string;
  config: PartitionConfig;
  status: PartitionStatus = { kind: 'online' };
  /** Why appends are refused for a moment although the partition is online. */
  paused: 'truncating' | 'rebuilding' | undefined;
  startOffset = 0;
  highWatermark = 0;
  writtenEnd = 0;
  flushedEnd = 0;
  /** The offset up to which the journal holds batches that were written, and synced; and where its present run began. */
  journalFrom = 0;
  journaledEnd = 0;
  journalSyncedEnd = 0;
  /** The end of what is on its way to the journal: nobody may say that it was not written. */
  journalPendingEnd = 0;
  /** Journal entries with a smaller sequence are not of this log any more. */
  journalFloor = 0;
  cleaned: Cleaned = NOTHING_CLEANED;
  /** Set from when partition.json lists what it will be until memory has it too. */
  swap: Swap | undefined;
  /** Whether partition.json on disk speaks of a swap. */
  swapNoted = false;
  /** Ascending, contiguous; the last one is active. Never empty. */
  segments: Segment[];
  epochs = new LeaderEpochs();
  readonly producers: ProducerState;
  readonly uncommittedEnds = new UncommittedEnds();
  readonly tail: Tail;
  /** Producer state at the base of a segment that is not sealed behind yet, by base offset. */
  readonly snapshots = new Map<number, Uint8Array>();
  /** Orders writes to segment files; truncation holds it. */
  readonly writes = new Serial();
  /** Orders syncs of segment files. */
  readonly syncs = new Serial();
  /** Orders changes of partition.json. */
  readonly manifest = new Serial();
  /** Orders sealing, retention, truncation. */
  readonly maintenance = new Serial();
  /** Rises at each truncation; a read that saw two values starts again. */
  truncations = 0;
  /** Bytes that recovery cut off: the replica may lack what it had flushed. */
  recoveryCutBytes = 0;
  #logIdBytes: Uint8Array | undefined;
  /** Set by the broker. */
  listener: ((progress: Progress) => void) | undefined;

  constructor(identity: PartitionIdentity, segments: Segment[], shared: SharedMemory) {
    assert(segments.length > 0, 'a log has an active segment', { directory: identity.directory });
    this.topicId = identity.topicId;
    this.partition = identity.partition;
    this.directory = identity.directory;
    this.logId = identity.logId;
    this.config = identity.config;
    this.segments = segments;
    this.producers = new ProducerState(shared.keys);
    this.tail = new Tail(shared.tails, () => this.segmentWrittenEnd);
  }

  /** The log id as the journal's entries hold it. */
  get logIdBytes(): Uint8Array {
    this.#logIdBytes ??= logIdBytes(this.logId);
    return this.#logIdBytes;
  }

  get active(): Segment {
    return present(this.segments.at(-1), 'a log has an active segment');
  }

  get endOffset(): number {
    return this.active.endOffset;
  }

  /** Readers of committed records go up to here: below it every transaction is decided, and what decided it is committed. */
  get lastStableOffset(): number {
    const open = this.producers.firstOpenOffset ?? this.highWatermark;
    const ending = this.uncommittedEnds.firstOffset ?? this.highWatermark;
    return Math.max(this.startOffset, Math.min(this.highWatermark, open, ending));
  }

  /** Everything before it is in segment files. */
  get segmentWrittenEnd(): number {
    for (let index = this.segments.length - 1; index >= 0; index--) {
      const segment = this.segments[index];
      if (segment !== undefined && (segment.writtenEnd > segment.baseOffset || index === 0)) return segment.writtenEnd;
    }
    return 0;
  }

  /** Everything before it is durable in segment files, as syncs go from old to new. */
  get segmentSyncedEnd(): number {
    for (let index = this.segments.length - 1; index >= 0; index--) {
      const segment = this.segments[index];
      if (segment !== undefined && (segment.syncedEnd > segment.baseOffset || index === 0)) return segment.syncedEnd;
    }
    return 0;
  }

  get hasUnwritten(): boolean {
    return this.firstUnwritten !== undefined;
  }

  /** The oldest segment with batches that are not in its file. */
  get firstUnwritten(): Segment | undefined {
    let first: Segment | undefined;
    for (let index = this.segments.length - 1; index >= 0; index--) {
      const segment = this.segments[index];
      if (segment === undefined || segment.phase === 'sealed') break;
      if (segment.unwritten.length > 0) first = segment;
    }
    return first;
  }

  /** Whether a segment file has unsynced bytes. */
  get hasDirty(): boolean {
    for (let index = this.segments.length - 1; index >= 0; index--) {
      const segment = this.segments[index];
      if (segment === undefined || segment.phase === 'sealed') return false;
      if (segment.dirty) return true;
    }
    return false;
  }

  get sizeBytes(): number {
    return this.segments.reduce((sum, segment) => sum + segment.sizeBytes, 0);
  }

  /** Appends that are neither in a segment file nor in the journal, oldest first. */
  unjournaled(): LogEntry[] {
    const entries: LogEntry[] = [];
    for (let at = this.segments.length - 1; at >= 0; at--) {
      const unwritten = this.segments[at]?.unwritten ?? [];
      for (let index = unwritten.length - 1; index >= 0; index--) {
        const entry = unwritten[index];
        if (entry === undefined || entry.baseOffset < this.writtenEnd) return entries.reverse();
        entries.push(entry);
      }
      if (this.segments[at]?.phase === 'sealed') break;
    }
    return entries.reverse();
  }

  /** Recomputes `writtenEnd` and `flushedEnd`, and tells the owner when one moved. */
  advance(): void {
    const written = Math.max(this.writtenEnd, this.segmentWrittenEnd, this.journaledEnd);
    let flushed = Math.max(this.flushedEnd, this.segmentSyncedEnd);
    // The journal's run counts only when what lies before it is durable too.
    if (this.journalFrom <= flushed) flushed = Math.max(flushed, this.journalSyncedEnd);
    assert(flushed <= written && written <= this.endOffset, 'flushed ≤ written ≤ end', { flushed, written, end: this.endOffset });
    if (written === this.writtenEnd && flushed === this.flushedEnd) return;
    this.writtenEnd = written;
    this.flushedEnd = flushed;
    this.listener?.({ kind: 'advanced' });
  }

  /** Sets all ends after recovery or truncation; everything is durable in segments. */
  settle(): void {
    const end = this.endOffset;
    this.writtenEnd = end;
    this.flushedEnd = end;
    this.journalFrom = end;
    this.journaledEnd = end;
    this.journalSyncedEnd = end;
    this.journalPendingEnd = end;
  }

  /** Leaves `online`; later moves but to `closed` are ignored. */
  fail(status: Exclude<PartitionStatus, { readonly kind: 'online' }>, error: MoldauError): void {
    if (this.status.kind !== 'online' && status.kind !== 'closed') return;
    this.status = status;
    this.listener?.({ kind: 'failed', error });
  }

  /** @throws MoldauError PARTITION_OFFLINE unless online */
  assertOnline(): void {
    if (this.status.kind !== 'online') throw this.offlineError();
  }

  /** The error of an operation on a partition that is not online. */
  offlineError(): MoldauError {
    const { status } = this;
    const facts = { topic_id: this.topicId, partition: String(this.partition) };
    switch (status.kind) {
      case 'corrupt':
        return damageError('PARTITION_OFFLINE', status.where, facts);
      case 'offline':
        return new MoldauError('LOG_DIRECTORY_OFFLINE', `the data directory failed: ${status.reason}`, { ...facts, limit: status.reason });
      case 'closed':
      case 'online':
        return new MoldauError('PARTITION_OFFLINE', `partition ${this.partition} of topic ${this.topicId} is closed`, facts);
    }
  }
}

/** The error that says where bytes are damaged. */
export function damageError(
  reason: 'PARTITION_OFFLINE' | 'CORRUPT_LOG',
  where: Damage,
  facts: Readonly<Record<string, string>>,
): MoldauError {
  const message = `${where.file} is damaged at byte ${where.position}, offset ${where.offset}: ${where.reason}`;
  return new MoldauError(reason, message, { ...facts, file: where.file, position: String(where.position), offset: String(where.offset) });
}
