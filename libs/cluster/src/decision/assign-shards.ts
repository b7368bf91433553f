import type { CoordinatorId } from '@moldau/kernel';
import type { MetadataImage, ShardImage, ShardOwnerImage } from '../image/metadata-image.ts';
import { shardKey } from '../image/metadata-keys.ts';
import { encodeShard } from '../image/record-codec.ts';
import { SHARD_KINDS, type ShardKindName, shardTopic } from '../image/shard-kind.ts';
import { asRead, type RecordWrite } from './record-write.ts';

/** A coordinator that may own shards, and how many it has. */
interface Candidate {
  readonly owner: ShardOwnerImage;
  /** Of the kind that is looked at. */
  readonly shards: number[];
  /** Of all kinds. */
  total: number;
}

/**
 * Who shall own each shard of the kinds whose topic exists: as evenly over the live coordinators as can be, with as few moves as
 * that needs, and nobody's while there is none. Every change of a shard's owner, or of the owner's life, raises the shard epoch.
 * At most one write for each shard; none when all is as it should be.
 */
export function assignShards(image: MetadataImage): readonly RecordWrite[] {
  const candidates = new Map<CoordinatorId, Candidate>();
  for (const { coordinatorId, address, modRevision } of sortedById(image)) {
    candidates.set(coordinatorId, { owner: { coordinatorId, coordinatorEpoch: modRevision, address }, shards: [], total: 0 });
  }
  const shards = image.cluster?.shards ?? 0;
  return SHARD_KINDS.filter((kind) => shardTopic(image, kind)?.state === 'active').flatMap((kind) => {
    const owners = spread(image, kind, shards, candidates);
    return owners.flatMap((owner, shard) => shardWrites(kind, shard, owner, image.shards.get(shardKey(kind, shard))));
  });
}

/** Whether the life that a shard's record names is the one that the instance announced last. */
export function isLiveOwner(image: MetadataImage, owner: ShardOwnerImage | undefined): owner is ShardOwnerImage {
  return owner !== undefined && image.coordinators.get(owner.coordinatorId)?.modRevision === owner.coordinatorEpoch;
}

function sortedById(image: MetadataImage) {
  return [...image.coordinators.values()].sort((left, right) => (left.coordinatorId < right.coordinatorId ? -1 : 1));
}

/** The owner of each shard of a kind; undefined: nobody's. */
function spread(
  image: MetadataImage,
  kind: ShardKindName,
  shards: number,
  candidates: ReadonlyMap<CoordinatorId, Candidate>,
): (ShardOwnerImage | undefined)[] {
  const all = [...candidates.values()];
  if (all.length === 0) return Array.from({ length: shards }, () => undefined);
  for (const candidate of all) candidate.shards.length = 0;
  const free: number[] = [];
  for (let shard = 0; shard < shards; shard += 1) {
    const owner = image.shards.get(shardKey(kind, shard))?.owner;
    const kept = isLiveOwner(image, owner) ? candidates.get(owner.coordinatorId) : undefined;
    if (kept === undefined) free.push(shard);
    else give(kept, shard);
  }
  for (const shard of free) give(least(all), shard);
  // One at a time from who has most to who has least: what was free has been given first, so few move.
  for (let from = most(all), to = least(all); from.shards.length > to.shards.length + 1; from = most(all), to = least(all)) {
    const moved = from.shards.pop();
    from.total -= 1;
    if (moved !== undefined) give(to, moved);
  }
  const owners: (ShardOwnerImage | undefined)[] = Array.from({ length: shards }, () => undefined);
  for (const { owner, shards: owned } of all) for (const shard of owned) owners[shard] = owner;
  return owners;
}

function give(candidate: Candidate, shard: number): void {
  candidate.shards.push(shard);
  candidate.total += 1;
}

/** Who has least of the kind, then of all kinds; the first of them. */
function least(all: readonly Candidate[]): Candidate {
  return all.reduce((best, one) => (compareLoad(one, best) < 0 ? one : best));
}

function most(all: readonly Candidate[]): Candidate {
  return all.reduce((best, one) => (compareLoad(one, best) > 0 ? one : best));
}

function compareLoad(left: Candidate, right: Candidate): number {
  return left.shards.length - right.shards.length || left.total - right.total;
}

function shardWrites(
  kind: ShardKindName,
  shard: number,
  owner: ShardOwnerImage | undefined,
  before: ShardImage | undefined,
): readonly RecordWrite[] {
  if (isSame(before?.owner, owner)) return [];
  const epoch = (before?.shardEpoch ?? 0) + 1;
  return [{ key: shardKey(kind, shard), value: encodeShard(owner, epoch, before), expected: asRead(before) }];
}

function isSame(left: ShardOwnerImage | undefined, right: ShardOwnerImage | undefined): boolean {
  return (
    left?.coordinatorId === right?.coordinatorId && left?.coordinatorEpoch === right?.coordinatorEpoch && left?.address === right?.address
  );
}
