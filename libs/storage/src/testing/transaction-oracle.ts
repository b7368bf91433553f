import type { Offset } from '@moldau/kernel';
import { baseOffsetAt, isControlAt, isTransactionalAt, nextOffsetAt, producerIdAt, readBatch, transactionMarkerOf } from '@moldau/records';

import type { PartitionLog } from '../partition-log.ts';
import type { StorageRig } from './storage-rig.ts';

/** A transaction as the batches of a log tell it. */
export interface ToldTransaction {
  readonly producerId: number;
  readonly firstOffset: number;
  readonly end: { readonly markerOffset: number; readonly outcome: 'commit' | 'abort' } | undefined;
}

/** The transactions in a log's batches, in the simplest way: one batch after the other from the very first. */
export function transactionsIn(batches: readonly Uint8Array[]): ToldTransaction[] {
  const open = new Map<number, number>();
  const told: ToldTransaction[] = [];
  for (const bytes of batches) {
    if (!isTransactionalAt(bytes, 0)) continue;
    const producerId = producerIdAt(bytes, 0);
    const firstOffset = open.get(producerId);
    if (!isControlAt(bytes, 0)) {
      open.set(producerId, firstOffset ?? baseOffsetAt(bytes, 0));
      continue;
    }
    const record = readBatch(bytes, 0).readNext();
    const marker = record === undefined ? undefined : transactionMarkerOf(record);
    if (marker === undefined || firstOffset === undefined) continue;
    open.delete(producerId);
    told.push({ producerId, firstOffset, end: { markerOffset: nextOffsetAt(bytes, 0) - 1, outcome: marker.outcome } });
  }
  for (const [producerId, firstOffset] of open) told.push({ producerId, firstOffset, end: undefined });
  return told;
}

/** Below it everything is decided by markers below the high watermark. */
export function stableOffsetOf(told: readonly ToldTransaction[], highWatermark: number): number {
  const undecided = told.filter(({ end }) => end === undefined || end.markerOffset >= highWatermark);
  return Math.min(highWatermark, ...undecided.map(({ firstOffset }) => firstOffset));
}

/** Aborted transactions with batches in [from, upTo). */
export function abortedOf(told: readonly ToldTransaction[], from: number, upTo: number): string[] {
  return told
    .filter(({ firstOffset, end }) => end?.outcome === 'abort' && end.markerOffset >= from && firstOffset < upTo)
    .map(({ producerId, firstOffset, end }) => `${producerId}: ${firstOffset} to ${end?.markerOffset}`)
    .sort();
}

/** What the log says of [from, upTo), in the same words. */
export async function aborted(
  rig: StorageRig,
  log: PartitionLog,
  from: number = log.startOffset,
  upTo: number = log.endOffset,
): Promise<string[]> {
  const found = await rig.until(log.abortedTransactions(from as Offset, upTo as Offset));
  return found.map(({ producerId, firstOffset, markerOffset }) => `${producerId}: ${firstOffset} to ${markerOffset}`).sort();
}
