/** Counted since the disk was made. */
export interface SimDiskStats {
  openFiles: number;
  reads: number;
  readBytes: number;
  writes: number;
  writtenBytes: number;
  syncs: number;
  directorySyncs: number;
  /** Files closed for the last time with bytes that no sync covered. */
  closedDirty: number;
}

export function newStats(): SimDiskStats {
  return { openFiles: 0, reads: 0, readBytes: 0, writes: 0, writtenBytes: 0, syncs: 0, directorySyncs: 0, closedDirty: 0 };
}
