import { DiskError, type DiskErrorKind } from '@moldau/kernel';

const KINDS: Readonly<Record<string, DiskErrorKind>> = {
  ENOENT: 'not-found',
  // A part of the path is a file, so nothing can be below it.
  ENOTDIR: 'not-found',
  EEXIST: 'exists',
  ENOTEMPTY: 'exists',
  ENOSPC: 'no-space',
  EDQUOT: 'no-space',
  EROFS: 'read-only',
  EACCES: 'denied',
  EPERM: 'denied',
  EMFILE: 'too-many-files',
  ENFILE: 'too-many-files',
  EBADF: 'closed',
};

/** What the operating system answered, in the words of the port. */
export function toDiskError(operation: string, path: string, cause: unknown): DiskError {
  if (cause instanceof DiskError) return cause;
  const kind = KINDS[errorCode(cause)] ?? 'io';
  return new DiskError(kind, operation, path, { cause, detail: cause instanceof Error ? cause.message : String(cause) });
}

/** `ENOENT` and the like; empty for anything else. */
export function errorCode(error: unknown): string {
  if (!(error instanceof Error) || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}

/** Runs a call on the disk; rejects with a DiskError. */
export async function diskCall<Result>(operation: string, path: string, call: () => Promise<Result>): Promise<Result> {
  try {
    return await call();
  } catch (caught) {
    throw toDiskError(operation, path, caught);
  }
}
