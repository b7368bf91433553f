import { randomUUID } from 'node:crypto';
import type { Ids, Random } from '@moldau/kernel';

/** For back-off, jitter and placement; not for secrets. */
export function createNodeRandom(): Random {
  return { fraction: () => Math.random(), below: (limit) => Math.floor(Math.random() * limit) };
}

/** UUIDs from the system's secure generator. */
export function createNodeIds(): Ids {
  return { uuid: () => randomUUID() };
}
