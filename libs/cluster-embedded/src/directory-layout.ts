import type { Disk } from '@moldau/kernel';

/** Digits of a revision in a file's name: enough for 2⁵³, and names sort as numbers do. */
const REVISION_DIGITS = 16;

/** Holds the transactions after this revision, up to the next log's. */
export function logName(afterRevision: number): string {
  return `${String(afterRevision).padStart(REVISION_DIGITS, '0')}.log`;
}

/** Holds the whole state at this revision. */
export function snapshotName(revision: number): string {
  return `${String(revision).padStart(REVISION_DIGITS, '0')}.snapshot`;
}

export interface Layout {
  /** Revisions in the names of the logs, ascending. */
  readonly logs: readonly number[];
  readonly snapshots: readonly number[];
  /** Names of files that a crash left half made. */
  readonly unfinished: readonly string[];
}

export async function readLayout(disk: Disk, directory: string): Promise<Layout> {
  const names = (await disk.list(directory)).filter((entry) => entry.kind === 'file').map((entry) => entry.name);
  const revisions = (suffix: string): number[] =>
    names
      .filter((name) => name.length === REVISION_DIGITS + suffix.length && name.endsWith(suffix))
      .map((name) => Number(name.slice(0, REVISION_DIGITS)))
      .filter(Number.isSafeInteger)
      .sort((left, right) => left - right);
  return { logs: revisions('.log'), snapshots: revisions('.snapshot'), unfinished: names.filter((name) => name.endsWith('.unfinished')) };
}

export async function readWhole(disk: Disk, path: string): Promise<Uint8Array> {
  const file = await disk.open(path, 'read');
  try {
    const bytes = new Uint8Array(await file.size());
    const count = await file.read(bytes, 0);
    return bytes.subarray(0, count);
  } finally {
    await file.close();
  }
}
