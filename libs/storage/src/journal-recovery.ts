import type { Disk } from '@moldau/kernel';
import { batchesIn } from '@moldau/records';
import { checkBatch } from './batch-check.ts';
import { readWhole } from './disk-calls.ts';
import { JOURNAL_HEADER_BYTES, type JournalEntry, readEntry, readFileHeader } from './journal-format.ts';

const JOURNAL_NAME = /^\d+\.journal$/;

/** What an earlier life left in the journal, by log. */
export class RecoveredJournal {
  readonly #entries = new Map<string, JournalEntry[]>();
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
}

/** Reads all files of the journal. A bad entry ends its file, as what follows it can't be found. */
export async function readJournal(disk: Disk, directory: string): Promise<RecoveredJournal> {
  const journal = new RecoveredJournal();
  const files: { readonly generation: number; readonly firstSequence: number; readonly bytes: Uint8Array }[] = [];
  for (const { name, kind } of await disk.list(directory)) {
    if (kind !== 'file' || !JOURNAL_NAME.test(name)) continue;
    const bytes = await readWhole(disk, `${directory}/${name}`);
    const header = bytes === undefined ? undefined : readFileHeader(bytes);
    if (bytes !== undefined && header !== undefined) files.push({ ...header, bytes });
  }
  files.sort((left, right) => left.generation - right.generation);
  for (const { generation, firstSequence, bytes } of files) {
    journal.nextGeneration = Math.max(journal.nextGeneration, generation + 1);
    journal.nextSequence = Math.max(journal.nextSequence, firstSequence);
    let sequence = firstSequence;
    for (let at = JOURNAL_HEADER_BYTES; ; sequence++) {
      const entry = readEntry(bytes, at, generation, sequence);
      if (entry === undefined) break;
      journal.add(entry);
      at = entry.end;
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
