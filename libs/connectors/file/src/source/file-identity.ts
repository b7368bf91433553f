import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';

/** How much of a file's beginning tells it from others. Lines of logs begin with a time, so this is far more than needed. */
export const HEAD_BYTES_MAX = 1024;

/**
 * What tells a file from another that has, or had, its name. The inode follows a file that is renamed; the head tells a
 * new file that got the inode of a deleted one, and finds the copy that `copytruncate` makes.
 */
export interface FileIdentity {
  /** Device and inode, as `device:inode`. */
  readonly inode: string;
  /** How many bytes of the beginning the hash covers. It grows with the file up to HEAD_BYTES_MAX. */
  readonly headBytes: number;
  /** The first half of their SHA-256, in hex. */
  readonly headHash: string;
}

/** The identity of an open file by its first `headBytes`, or as many of them as it has. */
export async function identify(handle: FileHandle, headBytes: number): Promise<FileIdentity> {
  const head = await readHead(handle, Math.min(headBytes, HEAD_BYTES_MAX));
  return { inode: await inodeOf(handle), headBytes: head.length, headHash: hash(head) };
}

/** Whether the file begins with the bytes by which `identity` is known. */
export async function hasHead(handle: FileHandle, identity: FileIdentity): Promise<boolean> {
  const head = await readHead(handle, identity.headBytes);
  return head.length === identity.headBytes && hash(head) === identity.headHash;
}

/** Device and inode of an open file. */
export async function inodeOf(handle: FileHandle): Promise<string> {
  const status = await handle.stat({ bigint: true });
  return `${status.dev}:${status.ino}`;
}

async function readHead(handle: FileHandle, bytes: number): Promise<Buffer> {
  const buffer = Buffer.alloc(bytes);
  let filled = 0;
  while (filled < bytes) {
    const { bytesRead } = await handle.read(buffer, filled, bytes - filled, filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}

function hash(head: Buffer): string {
  return createHash('sha256').update(head).digest('hex').slice(0, 32);
}
