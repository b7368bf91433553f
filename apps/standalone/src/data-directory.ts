import { type Disk, DiskError, type DiskLock, MoldauError } from '@moldau/kernel';

/** Held while standalone runs: the metadata below the directory is opened before storage takes its own lock. */
const LOCK_FILE = 'standalone.lock';

/** Makes the data directory and takes its lock. @throws MoldauError DATA_DIRECTORY_LOCKED, DATA_DIRECTORY_UNUSABLE, DISK_FULL */
export async function lockDataDirectory(disk: Disk, path: string): Promise<DiskLock> {
  try {
    await disk.makeDirectory(path);
    return await disk.lock(`${path}/${LOCK_FILE}`);
  } catch (error) {
    throw error instanceof DiskError ? describe(path, error) : error;
  }
}

function describe(path: string, error: DiskError): MoldauError {
  const facts = { path, operation: error.operation, limit: error.kind };
  switch (error.kind) {
    case 'locked':
      return new MoldauError('DATA_DIRECTORY_LOCKED', `${path} is in use: ${error.message}`, facts, { cause: error });
    case 'no-space':
      return new MoldauError('DISK_FULL', `no space to open ${path}: ${error.message}`, facts, { cause: error });
    case 'not-found':
    case 'exists':
    case 'read-only':
    case 'denied':
    case 'too-many-files':
    case 'closed':
    case 'io':
      return new MoldauError('DATA_DIRECTORY_UNUSABLE', `${path} can't be used: ${error.message}`, facts, { cause: error });
  }
}
