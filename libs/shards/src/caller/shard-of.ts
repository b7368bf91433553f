import { partitionForKey } from '@moldau/records';

const ENCODER = new TextEncoder();

/** The shard that keeps a group or a transactional id: their number never changes. A namespace has no slash. */
export function shardOf(namespace: string, name: string, shards: number): number {
  return partitionForKey(ENCODER.encode(`${namespace}/${name}`), shards);
}
