import type { LeaseId } from '@moldau/cluster';
import { VersionedState } from '@moldau/cluster/memory';
import { type Disk, type DiskFile, type Logger, MoldauError } from '@moldau/kernel';
import { type Layout, logName, readLayout, readWhole, snapshotName } from './directory-layout.ts';
import { decodeRecord, LOG_MAGIC, MARK_REVISION, provenDurable } from './log-record.ts';
import { refuseNewerFormat } from './newer-format.ts';
import { ENDED_LEASE, readSnapshot } from './snapshot-file.ts';

/** Revision of a store that never held anything; etcd's too. */
const FIRST_REVISION = 1;

export interface Recovered {
  readonly state: VersionedState;
  /** The newest log, cut to its sound part and open at its end. */
  readonly file: DiskFile;
  readonly position: number;
  /** Size of the newest snapshot, and of the logs behind it. */
  readonly snapshotBytes: number;
  readonly logBytes: number;
}

/**
 * Loads the newest snapshot and repeats the logs behind it. Cuts what a crash tore off the end of the newest log.
 * @throws MoldauError CORRUPT_LOG when bytes are damaged that had been synced, UNSUPPORTED_FORMAT: nothing is cut then.
 */
export async function recover(disk: Disk, directory: string, logger: Logger): Promise<Recovered> {
  // What is built upon must not vanish: a killed process may have left names that no sync covered.
  await disk.syncDirectory(directory);
  const layout = await readLayout(disk, directory);
  for (const name of layout.unfinished) await disk.removeFile(`${directory}/${name}`);
  const base = layout.snapshots.at(-1);
  const snapshotPath = base === undefined ? undefined : `${directory}/${snapshotName(base)}`;
  const state = snapshotPath === undefined ? new VersionedState() : new VersionedState(await readSnapshot(disk, snapshotPath));
  const snapshotBytes = snapshotPath === undefined ? 0 : ((await disk.stat(snapshotPath))?.sizeBytes ?? 0);
  const logs = layout.logs.filter((revision) => revision >= (base ?? FIRST_REVISION));
  await removeOlder(disk, directory, layout, base ?? FIRST_REVISION);

  let logBytes = 0;
  let end: { readonly path: string; readonly position: number } | undefined;
  for (const [i, revision] of logs.entries()) {
    const path = `${directory}/${logName(revision)}`;
    if (revision !== state.headRevision()) throw corrupt(path, `the transactions after revision ${state.headRevision()} are missing`, 0);
    const position = await replayLog(disk, path, state, i === logs.length - 1, logger);
    if (position === undefined) break;
    end = { path, position };
    logBytes += position;
  }
  state.publish(state.headRevision());
  if (end === undefined && base !== undefined)
    throw corrupt(`${directory}/${logName(base)}`, 'the log of the newest snapshot is missing', 0);
  const { file, position } = end === undefined ? await createLog(disk, directory, state.headRevision()) : await openLog(disk, end);
  return { state, file, position, snapshotBytes, logBytes };
}

/** Makes an empty log durable under its name; rejects with a DiskError. */
export async function createLog(
  disk: Disk,
  directory: string,
  afterRevision: number,
): Promise<{ readonly file: DiskFile; readonly position: number }> {
  const file = await disk.open(`${directory}/${logName(afterRevision)}`, 'create');
  await file.write([LOG_MAGIC], 0);
  await file.sync();
  await disk.syncDirectory(directory);
  return { file, position: LOG_MAGIC.length };
}

/** Removes what lies before the snapshot at `base`. */
export async function removeOlder(disk: Disk, directory: string, layout: Layout, base: number): Promise<void> {
  for (const revision of layout.logs) if (revision < base) await disk.removeFile(`${directory}/${logName(revision)}`);
  for (const revision of layout.snapshots) if (revision < base) await disk.removeFile(`${directory}/${snapshotName(revision)}`);
}

async function openLog(
  disk: Disk,
  end: { readonly path: string; readonly position: number },
): Promise<{ readonly file: DiskFile; readonly position: number }> {
  const file = await disk.open(end.path, 'write');
  if ((await file.size()) > end.position) await file.truncate(end.position);
  // Also without a cut: records that were read from the page cache alone must not be lost after they were served.
  await file.sync();
  return { file, position: end.position };
}

/** Resolves to the end of the sound part; undefined when the file was removed, because a crash came before its header. */
async function replayLog(disk: Disk, path: string, state: VersionedState, newest: boolean, logger: Logger): Promise<number | undefined> {
  const bytes = await readWhole(disk, path);
  const headerFits = bytes.length >= LOG_MAGIC.length && LOG_MAGIC.every((byte, i) => bytes[i] === byte);
  if (!headerFits) {
    refuseNewerFormat(bytes, LOG_MAGIC, path);
    if (!newest || provenDurable(bytes, 0)) throw corrupt(path, 'its header is damaged', 0);
    await disk.removeFile(path);
    // Else a power loss could bring it back, beside what the log before it holds by then.
    await disk.syncDirectory(path.slice(0, path.lastIndexOf('/')));
    return undefined;
  }
  let position = LOG_MAGIC.length;
  while (position < bytes.length) {
    const found = decodeRecord(bytes, position);
    if (found === undefined) break;
    const { revision, events, leasedKeys } = found.record;
    if (revision !== MARK_REVISION) {
      if (revision !== state.headRevision() + 1) throw corrupt(path, `revision ${revision} follows ${state.headRevision()}`, position);
      state.replay({ revision, events }, new Map(leasedKeys.map((key): [string, LeaseId] => [key, ENDED_LEASE])));
    }
    position = found.end;
  }
  if (position === bytes.length) return position;
  if (!newest || provenDurable(bytes, position)) throw corrupt(path, 'a transaction that had been synced is damaged', position);
  logger.warn('cut a torn write off the metadata log', { file: path, position, bytes: bytes.length - position });
  return position;
}

function corrupt(path: string, why: string, position: number): MoldauError {
  return new MoldauError('CORRUPT_LOG', `metadata log ${path}: ${why}, at byte ${position}`, { file: path, position: String(position) });
}
