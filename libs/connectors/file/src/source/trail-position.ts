import type { JsonObject } from '@moldau/connect';
import type { TrailPosition } from './trail.ts';

/** A position as it is stored: `{ "inode": "device:inode", "head": [bytes, hash], "position": byte }`. */
export function formatPosition({ identity, position }: TrailPosition): JsonObject {
  return { inode: identity.inode, head: [identity.headBytes, identity.headHash], position };
}

/** Reads a stored position. @throws Error for anything that `formatPosition` did not write: a person altered it wrongly */
export function parsePosition(stored: JsonObject | undefined): TrailPosition | undefined {
  if (stored === undefined) return undefined;
  const { inode, head, position } = stored;
  const [headBytes, headHash] = Array.isArray(head) ? (head as readonly unknown[]) : [];
  if (typeof inode !== 'string' || !isCount(headBytes) || typeof headHash !== 'string' || !isCount(position)) {
    throw new Error(`the stored offset ${JSON.stringify(stored)} is not one of a file: { "inode", "head": [bytes, hash], "position" }`);
  }
  return { identity: { inode, headBytes, headHash }, position };
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
