import { assert, type Disk, type DiskFile, type Scheduler } from '@moldau/kernel';
import { nextTurn, removeIfThere } from './disk-calls.ts';
import { ENTRY_HEADER_BYTES, JOURNAL_HEADER_BYTES, writeEntryHeader, writeFileHeader } from './journal-format.ts';
import type { FoundJournalFile } from './journal-recovery.ts';
import type { PartitionState } from './partition-state.ts';
import { Serial } from './serial.ts';
import { holdEntries, type LogEntry } from './tail-slab.ts';

/** Bytes of zeros written at once while a file is preallocated. */
const PREALLOCATE_STEP_BYTES = 1024 * 1024;
/** Payload bytes whose CRC is computed in one step of the event loop. */
const ENCODE_STEP_BYTES = 1024 * 1024;

/** New batches of one partition, contiguous. */
export interface JournalShare {
  readonly state: PartitionState;
  readonly entries: readonly LogEntry[];
}

/** One preallocated file. It may be used again once every partition in `holds` has its batches synced in segments. */
interface JournalFile {
  readonly file: DiskFile;
  generation: number;
  position: number;
  written: boolean;
  dirty: boolean;
  /** Per partition, the offset up to which this file holds its batches. */
  readonly holds: Map<PartitionState, number>;
  firstWriteMs: number;
}

export interface JournalOptions {
  readonly disk: Disk;
  readonly scheduler: Scheduler;
  readonly directory: string;
  readonly fileBytes: number;
  readonly filesMax: number;
  /** Both above all that recovery saw. */
  readonly firstGeneration: number;
  readonly firstSequence: number;
  readonly nowMs: () => number;
}

/**
 * Where rounds with many dirty partitions go: one write and one sync for all of them. A ring of preallocated files, oldest
 * first; the last is the one written to. Files are made when first needed: until then `fits` says no, and segments are
 * written instead.
 */
export class Journal {
  readonly #options: JournalOptions;
  /** In order of generation; free ones are at the front and hold nothing. */
  readonly #files: JournalFile[] = [];
  readonly #writes = new Serial();
  readonly #syncs = new Serial();
  #current: JournalFile | undefined;
  #generation: number;
  #sequence: number;
  #preparing = false;
  #made = 0;
  /** In the name of the next file that is made. */
  #nextNumber = 0;

  constructor(options: JournalOptions) {
    this.#options = options;
    this.#generation = options.firstGeneration;
    this.#sequence = options.firstSequence;
  }

  /** Sequence of the next entry: a log that must not see older ones again sets its floor to it. */
  get nextSequence(): number {
    return this.#sequence;
  }

  get nextGeneration(): number {
    return this.#generation;
  }

  /** A log's floor lies above all that recovery saw: entries from now on must not lie below it. */
  skipTo(sequence: number): void {
    this.#sequence = Math.max(this.#sequence, sequence);
  }

  /**
   * Takes over the files of an earlier life, by generation, once they are durable as they were read: their batches need no
   * other place until `hold` of them is let go. False when they are not such as this journal makes: then nothing is taken.
   * Before the first round.
   */
  async adopt(found: readonly FoundJournalFile[]): Promise<boolean> {
    const { disk, directory, fileBytes, filesMax, nowMs } = this.#options;
    const whole = found.filter(({ sizeBytes, generation }) => sizeBytes === fileBytes || generation !== undefined);
    this.#nextNumber = Math.max(0, ...found.map(({ number }) => number + 1));
    if (whole.length > filesMax || whole.some(({ sizeBytes }) => sizeBytes !== fileBytes)) return false;
    // One whose making was never finished holds nothing.
    for (const { path, sizeBytes } of found) if (sizeBytes !== fileBytes) await removeIfThere(disk, path);
    for (const { path, generation = 0 } of whole) {
      const file = await disk.open(path, 'write');
      this.#files.push({ file, generation, position: fileBytes, written: true, dirty: false, holds: new Map(), firstWriteMs: nowMs() });
      this.#made += 1;
      // A killed process may have written what it had not synced.
      await file.sync();
    }
    if (found.length > 0) await disk.syncDirectory(directory);
    return true;
  }

  /** Recovery leaves the batches of a log up to `endOffset` to the file of this generation, which was adopted. */
  hold(state: PartitionState, generation: number, endOffset: number): void {
    const file = this.#files.find((candidate) => candidate.generation === generation);
    assert(file !== undefined, 'what is held lies in an adopted file', { generation });
    file.holds.set(state, endOffset);
  }

  /** Bytes of a round in the journal. */
  static sizeOf(shares: readonly JournalShare[]): number {
    let bytes = 0;
    for (const { entries } of shares) for (const entry of entries) bytes += ENTRY_HEADER_BYTES + entry.sizeBytes;
    return bytes;
  }

  /** Whether a round of so many bytes may be appended now; if not, room is being made. */
  fits(bytes: number): boolean {
    if (JOURNAL_HEADER_BYTES + bytes > this.#options.fileBytes) return false;
    const current = this.#current;
    if (current !== undefined && current.position + bytes <= this.#options.fileBytes) return true;
    return this.#free() !== undefined;
  }

  /** Whether more files would help and may be made: call `prepare`. */
  get wantsFile(): boolean {
    return !this.#preparing && this.#made < this.#options.filesMax && this.#free() === undefined;
  }

  /** Whether it has no file yet: its first rounds will go to segments. */
  get isUnprepared(): boolean {
    return this.#made === 0 && !this.#preparing;
  }

  /** Makes one more file: zeros up to its size, so that a later sync has no new size to store. */
  async prepare(): Promise<void> {
    const { disk, directory, fileBytes } = this.#options;
    this.#preparing = true;
    try {
      const path = `${directory}/${this.#nextNumber}.journal`;
      await removeIfThere(disk, path);
      const file = await disk.open(path, 'create');
      const zeros = new Uint8Array(Math.min(PREALLOCATE_STEP_BYTES, fileBytes));
      for (let at = 0; at < fileBytes; at += zeros.length)
        await file.write([zeros.subarray(0, Math.min(zeros.length, fileBytes - at))], at);
      await file.sync();
      await disk.syncDirectory(directory);
      this.#made += 1;
      this.#nextNumber += 1;
      this.#files.unshift({
        file,
        generation: 0,
        position: 0,
        written: false,
        dirty: false,
        holds: new Map(),
        firstWriteMs: 0,
      });
    } finally {
      this.#preparing = false;
    }
  }

  /** Writes a round; when it resolves, a killed process loses none of it. Only after `fits`, in the same turn. */
  append(shares: readonly JournalShare[]): Promise<void> {
    const bytes = Journal.sizeOf(shares);
    assert(this.fits(bytes), 'a round fits the journal', { bytes });
    const chunks: Uint8Array[] = [];
    if (this.#current === undefined || this.#current.position + bytes > this.#options.fileBytes) chunks.push(this.#begin());
    const current = this.#current;
    assert(current !== undefined, 'the journal has a file to write to');
    const position = chunks.length > 0 ? 0 : current.position;
    const { generation } = current;
    const firstSequence = this.#sequence;
    for (const { state, entries } of shares) {
      this.#sequence += entries.length;
      current.holds.set(state, Math.max(current.holds.get(state) ?? 0, entries.at(-1)?.endOffset ?? 0));
    }
    current.position += bytes;
    if (!current.written) current.firstWriteMs = this.#options.nowMs();
    current.written = true;
    // A log may be cut or deleted meanwhile; its entries are written all the same, as those behind them need them.
    const letGo = holdEntries(shares.flatMap(({ entries }) => entries));
    // One after the other: an entry is only found behind whole ones.
    return this.#writes.run(async () => {
      try {
        await this.#encode(shares, { generation, sequence: firstSequence }, chunks);
        await current.file.write(chunks, position);
      } finally {
        letGo();
      }
      current.dirty = true;
    });
  }

  /** When it resolves, all rounds written before the call are durable. */
  sync(): Promise<void> {
    return this.#syncs.run(async () => {
      // Older files first: what is durable is always a prefix.
      for (const file of this.#files) {
        if (!file.dirty) continue;
        file.dirty = false;
        await file.file.sync();
      }
    });
  }

  /** Partitions whose segments must be written and synced before the oldest file in use, or all of them, can be used again. */
  held(which: 'oldest' | 'all'): PartitionState[] {
    const used = this.#files.filter((file) => file.holds.size > 0);
    const files = which === 'all' ? used : used.slice(0, 1);
    return [...new Set(files.flatMap((file) => [...file.holds.keys()]))];
  }

  /** Whether a file other than the one written to holds something: the ring is filling. What an earlier life left has time until a round comes. */
  get crowded(): boolean {
    return this.#current !== undefined && this.#files.some((file) => file !== this.#current && file.holds.size > 0);
  }

  /** Since when something waits here; undefined when nothing does. */
  get heldSinceMs(): number | undefined {
    return this.#files.find((file) => file.holds.size > 0)?.firstWriteMs;
  }

  /** Lets go of what segments have; also frees the current file's head start when it holds nothing. */
  reclaim(): void {
    for (const file of this.#files) {
      for (const [state, end] of file.holds) {
        const gone = state.status.kind === 'closed' || state.status.kind === 'corrupt';
        if (gone || state.segmentSyncedEnd >= end) file.holds.delete(state);
      }
      if (file.holds.size === 0 && file === this.#current) file.firstWriteMs = this.#options.nowMs();
    }
  }

  /** Forgets the batches of a log from `offset` on: its floor was raised, or it is gone. */
  release(state: PartitionState): void {
    for (const file of this.#files) file.holds.delete(state);
  }

  async close(): Promise<void> {
    this.#current = undefined;
    for (const { file } of this.#files.splice(0)) await file.close();
  }

  /** A file that holds nothing any more and is not being written to. */
  #free(): JournalFile | undefined {
    return this.#files.find((file) => file !== this.#current && file.holds.size === 0);
  }

  /** Takes a free file and moves it to the end of the ring; returns its header. */
  #begin(): Uint8Array {
    const next = this.#free();
    assert(next !== undefined, 'a journal file is free');
    this.#files.splice(this.#files.indexOf(next), 1);
    this.#files.push(next);
    next.generation = this.#generation++;
    next.position = JOURNAL_HEADER_BYTES;
    next.written = false;
    next.dirty = false;
    this.#current = next;
    return writeFileHeader({ generation: next.generation, firstSequence: this.#sequence });
  }

  async #encode(
    shares: readonly JournalShare[],
    first: { readonly generation: number; readonly sequence: number },
    chunks: Uint8Array[],
  ): Promise<void> {
    const count = shares.reduce((sum, share) => sum + share.entries.length, 0);
    const headers = new Uint8Array(count * ENTRY_HEADER_BYTES);
    let { sequence } = first;
    let at = 0;
    let left = ENCODE_STEP_BYTES;
    for (const { state, entries } of shares) {
      for (const entry of entries) {
        const { baseOffset, bytes } = entry;
        writeEntryHeader(headers, at, { generation: first.generation, sequence: sequence++, logId: state.logIdBytes, baseOffset }, bytes);
        chunks.push(headers.subarray(at, at + ENTRY_HEADER_BYTES), bytes);
        at += ENTRY_HEADER_BYTES;
        left -= bytes.length;
        if (left > 0) continue;
        left = ENCODE_STEP_BYTES;
        await nextTurn(this.#options.scheduler);
      }
    }
  }
}
