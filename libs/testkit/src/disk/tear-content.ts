import type { Random } from '@moldau/kernel';
import { GrowableBytes } from './growable-bytes.ts';
import { applyChange, type PendingChange } from './pending-change.ts';

/** Units in which a drive or a file system writes: either may be the one that is atomic. */
const SECTOR_BYTES = [512, 4096] as const;

/**
 * What a power loss may leave of a file with unsynced changes. One of, each seen on real file systems:
 * nothing of them, all of them, the first few and a part of the next, only the new size (its blocks zero or garbage), or
 * any mixture of old and new sectors under any of the sizes the file had meanwhile.
 */
export function tearContent(durable: Uint8Array, pending: readonly PendingChange[], random: Random): Uint8Array {
  switch (random.below(5)) {
    case 0:
      return durable;
    case 1:
      return replay(durable, pending).copy();
    case 2:
      return tearPrefix(durable, pending, random);
    case 3:
      return tearSectors(durable, pending, random, () => 0);
    default:
      return tearSectors(durable, pending, random, (changes) => random.below(changes + 1));
  }
}

function replay(durable: Uint8Array, pending: readonly PendingChange[]): GrowableBytes {
  const bytes = new GrowableBytes(durable);
  for (const change of pending) applyChange(bytes, change);
  return bytes;
}

function tearPrefix(durable: Uint8Array, pending: readonly PendingChange[], random: Random): Uint8Array {
  const kept = random.below(pending.length);
  const bytes = replay(durable, pending.slice(0, kept));
  const next = pending[kept];
  if (next !== undefined && next.kind === 'write') {
    const sector = sectorBytes(random);
    const end = next.position + random.below(next.bytes.length + 1);
    const cut = Math.max(next.position, Math.floor(end / sector) * sector);
    bytes.write(next.bytes.subarray(0, cut - next.position), next.position);
  }
  return bytes.copy();
}

/** `keep`: of so many changes to a sector, how many reached the platter. */
function tearSectors(
  durable: Uint8Array,
  pending: readonly PendingChange[],
  random: Random,
  keep: (changes: number) => number,
): Uint8Array {
  const sector = sectorBytes(random);
  const size = sizeAfter(durable.length, pending.slice(0, 1 + random.below(pending.length)));
  const touches = countTouches(durable.length, pending, sector);
  const left = new Map<number, number>();
  for (const [index, count] of touches) left.set(index, keep(count));

  const bytes = new GrowableBytes(durable);
  bytes.resize(
    Math.max(durable.length, ...pending.map((change) => (change.kind === 'write' ? change.position + change.bytes.length : change.size))),
  );
  if (random.below(2) === 0) fillUnwritten(bytes, durable.length, touches, sector, random);
  forEachPiece(durable.length, pending, sector, (index, piece, position) => {
    const remaining = left.get(index) ?? 0;
    if (remaining === 0) return;
    left.set(index, remaining - 1);
    bytes.write(piece, position);
  });
  bytes.resize(size);
  return bytes.copy();
}

function sectorBytes(random: Random): number {
  return SECTOR_BYTES[random.below(SECTOR_BYTES.length)] ?? SECTOR_BYTES[0];
}

function sizeAfter(size: number, changes: readonly PendingChange[]): number {
  let result = size;
  for (const change of changes) result = change.kind === 'write' ? Math.max(result, change.position + change.bytes.length) : change.size;
  return result;
}

function countTouches(durableSize: number, pending: readonly PendingChange[], sector: number): Map<number, number> {
  const touches = new Map<number, number>();
  forEachPiece(durableSize, pending, sector, (index) => touches.set(index, (touches.get(index) ?? 0) + 1));
  return touches;
}

/** Blocks that were allocated but never written show what was there before. */
function fillUnwritten(
  bytes: GrowableBytes,
  durableSize: number,
  touches: ReadonlyMap<number, number>,
  sector: number,
  random: Random,
): void {
  for (const index of touches.keys()) {
    const from = Math.max(index * sector, durableSize);
    const to = Math.min((index + 1) * sector, bytes.size);
    if (from >= to) continue;
    const garbage = new Uint8Array(to - from);
    for (let at = 0; at < garbage.length; at++) garbage[at] = random.below(256);
    bytes.write(garbage, from);
  }
}

/** Visits every change cut at the borders of sectors, in order; a cut-off tail counts as a write of zeros. */
function forEachPiece(
  durableSize: number,
  pending: readonly PendingChange[],
  sector: number,
  visit: (index: number, piece: Uint8Array, position: number) => void,
): void {
  let size = durableSize;
  for (const change of pending) {
    const from = change.kind === 'write' ? change.position : change.size;
    const to = change.kind === 'write' ? change.position + change.bytes.length : Math.max(size, change.size);
    for (let index = Math.floor(from / sector); index * sector < to; index++) {
      const start = Math.max(from, index * sector);
      const end = Math.min(to, (index + 1) * sector);
      const piece = change.kind === 'write' ? change.bytes.subarray(start - from, end - from) : new Uint8Array(end - start);
      visit(index, piece, start);
    }
    size = sizeAfter(size, [change]);
  }
}
