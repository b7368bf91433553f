import type { DiskFile, Scheduler } from '@moldau/kernel';
import { checkBatch } from './batch-check.ts';
import { nextTurn } from './disk-calls.ts';

/** Bytes read, and checked, in one step of the event loop: about a millisecond of CRC. */
const STEP_BYTES = 1024 * 1024;

/**
 * Receives each valid batch: the bytes, where it begins in them, its size, its position in the file. What it returns is
 * why the scan ends before this batch.
 */
export type BatchVisitor = (bytes: Uint8Array, at: number, sizeInBytes: number, position: number) => string | undefined;

/** Where a scan ended: behind the last valid batch. */
export interface ScanEnd {
  readonly position: number;
  readonly nextOffset: number;
  /** Why it did not go on; undefined at the end of the range. */
  readonly fault: string | undefined;
}

export interface ScanRange {
  readonly position: number;
  readonly offset: number;
  /** Where to stop, in bytes of the file. */
  readonly endPosition: number;
}

/** Visits the batches of a segment file in order, each checked, up to the first that is bad; in steps. */
export async function scanSegment(file: DiskFile, range: ScanRange, scheduler: Scheduler, visit: BatchVisitor): Promise<ScanEnd> {
  let { position, offset } = range;
  let want = STEP_BYTES;
  while (position < range.endPosition) {
    const bytes = new Uint8Array(Math.min(want, range.endPosition - position));
    const count = await file.read(bytes, position);
    const step = scanBytes(bytes.subarray(0, count), position, offset, visit);
    position += step.consumed;
    offset = step.nextOffset;
    if (step.reason !== undefined) return { position, nextOffset: offset, fault: step.reason };
    if (step.consumed === 0 && (step.need <= want || position + step.need > range.endPosition)) {
      return { position, nextOffset: offset, fault: `${count} bytes are less than a batch` };
    }
    want = Math.max(STEP_BYTES, step.need);
    await nextTurn(scheduler);
  }
  return { position, nextOffset: offset, fault: undefined };
}

interface Step {
  readonly consumed: number;
  readonly nextOffset: number;
  /** Bytes that the next batch needs at least. */
  readonly need: number;
  readonly reason: string | undefined;
}

function scanBytes(bytes: Uint8Array, position: number, offset: number, visit: BatchVisitor): Step {
  let at = 0;
  let nextOffset = offset;
  while (at < bytes.length) {
    const check = checkBatch(bytes, at, nextOffset);
    if (check.kind === 'bad') return { consumed: at, nextOffset, need: 0, reason: check.reason };
    if (check.kind === 'short') return { consumed: at, nextOffset, need: check.need, reason: undefined };
    const reason = visit(bytes, at, check.sizeInBytes, position + at);
    if (reason !== undefined) return { consumed: at, nextOffset, need: 0, reason };
    at += check.sizeInBytes;
    nextOffset = check.nextOffset;
  }
  return { consumed: at, nextOffset, need: 0, reason: undefined };
}
