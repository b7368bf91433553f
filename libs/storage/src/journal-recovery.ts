import type { Disk, Scheduler } from '@moldau/kernel';
import { baseOffsetAt, batchesIn, lastOffsetDeltaAt } from '@moldau/records';
import { checkBatch } from './batch-check.ts';
import { nextTurn, readWhole } from './disk-calls.ts';
import { JOURNAL_HEADER_BYTES, type JournalEntry, readEntry, readFileHeader } from './journal-format.ts';

/** Bytes of the journal checked in one step of the event loop; small entries cost more than their bytes. */
const STEP_BYTES = 64 * 1024;
const JOURNAL_NAME = /^(\d{1,15})\.journal$/;

/** A file of the journal as an earlier life left it. */
export interface FoundJournalFile {
  readonly path: string;
  /** From its name. */
  readonly number: number;
  readonly sizeBytes: number;
  /** Undefined for one that was never written to. */
  readonly generation: number | undefined;
}

/** How far one file holds the batches of a log. */
export interface JournalHold {
  readonly generation: number;
  readonly endOffset: number;
}

/** What an earlier life left in the journal, by log. */
export class RecoveredJournal {
  readonly #entries = new Map<string, JournalEntry[]>();
  /** By generation; those never written to first. */
  files: readonly FoundJournalFile[] = [];
  /** Above every generation and sequence that was seen. */
  nextGeneration = 1;
  nextSequence = 1;

  add(entry: JournalEntry): void {
    const entries = this.#entries.get(entry.logId) ?? [];
    entries.push(entry);
    this.#entries.set(entry.logId, entries);
    this.nextSequence = Math.max(this.nextSequence, entry.sequence + 1);
  }

  /** Whether anything of this log is in the journal. */
  holds(logId: string): boolean {
    return this.#entries.has(logId);
  }

  /** Per file, how far it holds this log; `undefined` unless its entries cover [from, to) without a gap and nothing behind `to`. */
  covering(logId: string, floor: number, from: number, to: number): readonly JournalHold[] | undefined {
    const ends = new Map<number, number>();
    let reached = from;
    for (const entry of this.#valid(logId, floor)) {
      const endOffset = endOf(entry);
      if (endOffset > to) return undefined;
      if (entry.baseOffset <= reached) reached = Math.max(reached, endOffset);
      ends.set(entry.generation, Math.max(ends.get(entry.generation) ?? 0, endOffset));
    }
    return reached < to ? undefined : [...ends].map(([generation, endOffset]) => ({ generation, endOffset }));
  }

  /** Whether an entry of this log ends behind `offset`: at another time it might be taken for its continuation. */
  reachesBehind(logId: string, floor: number, offset: number): boolean {
    return this.#valid(logId, floor).some((entry) => endOf(entry) > offset);
  }

  /** Batches of this log from exactly `offset` on, the newest that were written there; undefined when there are none. */
  batchesAt(logId: string, floor: number, offset: number): Uint8Array | undefined {
    const entries = this.#entries.get(logId) ?? [];
    for (let index = entries.length - 1; index >= 0; index--) {
      const entry = entries[index];
      if (entry === undefined || entry.sequence < floor || entry.baseOffset > offset) continue;
      const found = tailFrom(entry, offset);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #valid(logId: string, floor: number): JournalEntry[] {
    return (this.#entries.get(logId) ?? []).filter((entry) => entry.sequence >= floor);
  }
}

/** Reads all files of the journal. A bad entry ends its file, as what follows it can't be found. */
export async function readJournal(disk: Disk, scheduler: Scheduler, directory: string): Promise<RecoveredJournal> {
  const journal = new RecoveredJournal();
  const files: { readonly generation: number; readonly firstSequence: number; readonly bytes: Uint8Array }[] = [];
  const found: FoundJournalFile[] = [];
  for (const { name, kind } of await disk.list(directory)) {
    const match = JOURNAL_NAME.exec(name);
    if (kind !== 'file' || match === null) continue;
    const path = `${directory}/${name}`;
    const bytes = (await readWhole(disk, path)) ?? new Uint8Array(0);
    const header = readFileHeader(bytes);
    found.push({ path, number: Number(match[1]), sizeBytes: bytes.length, generation: header?.generation });
    if (header !== undefined) files.push({ ...header, bytes });
  }
  files.sort((left, right) => left.generation - right.generation);
  journal.files = found.sort((left, right) => (left.generation ?? 0) - (right.generation ?? 0));
  for (const { generation, firstSequence, bytes } of files) {
    journal.nextGeneration = Math.max(journal.nextGeneration, generation + 1);
    journal.nextSequence = Math.max(journal.nextSequence, firstSequence);
    let sequence = firstSequence;
    let stepEnd = STEP_BYTES;
    for (let at = JOURNAL_HEADER_BYTES; ; sequence++) {
      const entry = readEntry(bytes, at, generation, sequence);
      if (entry === undefined) break;
      journal.add(entry);
      at = entry.end;
      if (at < stepEnd) continue;
      stepEnd = at + STEP_BYTES;
      await nextTurn(scheduler);
    }
  }
  return journal;
}

/** Removes the files of the journal: everything in it is in segments. */
export async function removeJournal(disk: Disk, directory: string): Promise<void> {
  for (const { name, kind } of await disk.list(directory)) {
    if (kind === 'file' && JOURNAL_NAME.test(name)) await disk.removeFile(`${directory}/${name}`);
  }
  await disk.syncDirectory(directory);
}

/** The batches of an entry from the one that begins at `offset`; undefined when none does, or one is damaged. */
function tailFrom(entry: JournalEntry, offset: number): Uint8Array | undefined {
  let next = entry.baseOffset;
  let from: number | undefined;
  for (const { position } of batchesIn(entry.payload)) {
    if (next === offset) from = position;
    const check = checkBatch(entry.payload, position, next);
    if (check.kind !== 'valid') return undefined;
    next = check.nextOffset;
  }
  return from === undefined ? undefined : entry.payload.subarray(from);
}

function endOf(entry: JournalEntry): number {
  let end = entry.baseOffset;
  for (const { position } of batchesIn(entry.payload))
    end = baseOffsetAt(entry.payload, position) + lastOffsetDeltaAt(entry.payload, position) + 1;
  return end;
}
