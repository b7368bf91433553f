import { type BrokerId, type ClusterId, type DirectoryId, type Disk, DiskError, directoryId, type Ids, MoldauError } from '@moldau/kernel';
import { isDiskError, readWhole, replaceFile } from './disk-calls.ts';
import { META_FILE, TOPICS_DIRECTORY } from './paths.ts';
import { decodeJsonFile, describeFault, encodeJsonFile, type SideFile } from './side-file.ts';

/** Format of the whole directory; a higher one is refused. */
export const FORMAT_VERSION = 1;

/** `meta.json`: whose data this is. */
export interface DirectoryMeta {
  readonly clusterId: ClusterId;
  readonly brokerId: BrokerId;
  /** Made when the directory is formatted: an emptied directory is another. */
  readonly directoryId: DirectoryId;
  readonly formatVersion: number;
}

export interface Owner {
  readonly clusterId: ClusterId;
  readonly brokerId: BrokerId;
}

/**
 * Reads `meta.json`, or formats a directory that has neither it nor topics.
 *
 * @throws MoldauError WRONG_CLUSTER, WRONG_BROKER, UNSUPPORTED_FORMAT, DATA_DIRECTORY_UNUSABLE
 */
export async function openMeta(disk: Disk, root: string, owner: Owner, ids: Ids): Promise<DirectoryMeta> {
  const path = `${root}/${META_FILE}`;
  const file = decodeJsonFile(await readWhole(disk, path)) as SideFile<DirectoryMeta>;
  switch (file.kind) {
    case 'valid':
      return checkOwner(file.content, owner, root);
    case 'absent':
      return format(disk, root, owner, ids);
    case 'newer':
      throw unsupported(path, file.format);
    case 'damaged':
      throw new MoldauError('DATA_DIRECTORY_UNUSABLE', `${path} is ${describeFault(file)}`, { path, limit: file.reason });
  }
}

function checkOwner(meta: DirectoryMeta, owner: Owner, root: string): DirectoryMeta {
  if (meta.formatVersion > FORMAT_VERSION) throw unsupported(root, meta.formatVersion);
  if (meta.clusterId !== owner.clusterId) {
    const facts = { path: root, value: meta.clusterId, limit: owner.clusterId };
    throw new MoldauError('WRONG_CLUSTER', `${root} belongs to cluster ${meta.clusterId}, not ${owner.clusterId}`, facts);
  }
  if (meta.brokerId !== owner.brokerId) {
    const facts = { path: root, value: String(meta.brokerId), limit: String(owner.brokerId) };
    throw new MoldauError('WRONG_BROKER', `${root} belongs to broker ${meta.brokerId}, not ${owner.brokerId}`, facts);
  }
  return meta;
}

async function format(disk: Disk, root: string, owner: Owner, ids: Ids): Promise<DirectoryMeta> {
  const names = (await disk.list(root)).map(({ name }) => name);
  if (names.includes(TOPICS_DIRECTORY) && (await disk.list(`${root}/${TOPICS_DIRECTORY}`)).length > 0) {
    throw new MoldauError('DATA_DIRECTORY_UNUSABLE', `${root} has data but no ${META_FILE}`, { path: root, limit: META_FILE });
  }
  const meta: DirectoryMeta = { ...owner, directoryId: directoryId(ids.uuid()), formatVersion: FORMAT_VERSION };
  await replaceFile(disk, root, META_FILE, encodeJsonFile(meta));
  await syncAncestors(disk, root);
  return meta;
}

/** Makes the directory's own name durable, and those of the parents made with it. Older parents may be closed to us. */
async function syncAncestors(disk: Disk, root: string): Promise<void> {
  const parts = root.split('/');
  while (parts.pop() !== undefined) {
    const parent = parts.length === 0 ? '.' : parts.join('/') || '/';
    try {
      await disk.syncDirectory(parent);
    } catch (error) {
      if (!isDiskError(error, 'denied')) throw error;
    }
    if (parent === '/' || parent === '.') return;
  }
}

function unsupported(path: string, version: number): MoldauError {
  const facts = { path, value: String(version), limit: String(FORMAT_VERSION) };
  return new MoldauError('UNSUPPORTED_FORMAT', `${path} has format ${version}; this version reads up to ${FORMAT_VERSION}`, facts);
}

/** A failure of the disk while the directory is opened, as an error that names it. */
export function unusable(root: string, error: unknown): unknown {
  if (!(error instanceof DiskError)) return error;
  const facts = { path: error.path, operation: error.operation, limit: error.kind };
  if (error.kind === 'locked')
    return new MoldauError('DATA_DIRECTORY_LOCKED', `${root} is in use: ${error.message}`, facts, { cause: error });
  if (error.kind === 'no-space') return new MoldauError('DISK_FULL', `no space to open ${root}: ${error.message}`, facts, { cause: error });
  return new MoldauError('DATA_DIRECTORY_UNUSABLE', `${root} can't be used: ${error.message}`, facts, { cause: error });
}
