import type { JsonObject } from '@moldau/connect';
import type { FoundFile } from './folder.ts';
import type { FilePlace } from './spool-file.ts';

/**
 * How far a file was read. `reading` → `done` (all records written) or `spoiled` (a bad line); then the file is moved away and
 * the position forgotten.
 */
export interface FilePosition extends FilePlace {
  readonly state: 'reading' | 'done' | 'spoiled';
  /** What makes it the same file: one that was written anew under the name begins again. */
  readonly size: number;
  readonly modifiedMs: number;
  readonly inode: string;
  /** Why it is spoiled. */
  readonly cause?: string;
}

export function partitionOf(name: string): JsonObject {
  return { file: name };
}

export function formatPosition(
  file: FoundFile,
  place: FilePlace,
  end: { readonly state: FilePosition['state']; readonly cause?: string },
): JsonObject {
  const { size, modifiedMs, inode } = file;
  return { ...place, size, modifiedMs, inode, ...end };
}

/** The stored position if it is one of this very file. */
export function positionOf(file: FoundFile, stored: JsonObject | undefined): FilePosition | undefined {
  if (stored === undefined) return undefined;
  const { position, line, state, size, modifiedMs, inode, cause } = stored;
  if (size !== file.size || modifiedMs !== file.modifiedMs || inode !== file.inode) return undefined;
  if (typeof position !== 'number' || typeof line !== 'number') return undefined;
  if (state !== 'reading' && state !== 'done' && state !== 'spoiled') return undefined;
  return { position, line, state, size, modifiedMs, inode, ...(typeof cause === 'string' ? { cause } : {}) };
}
