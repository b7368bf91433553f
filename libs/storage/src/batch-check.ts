import {
  BATCH_HEADER_BYTES,
  baseOffsetAt,
  hasValidCrc,
  lastOffsetDeltaAt,
  MAGIC,
  magicAt,
  maxTimestampAt,
  partitionLeaderEpochAt,
  sizeInBytesAt,
} from '@moldau/records';

/** Largest batch that storage takes or believes a length field of: internal messages are at most 64 MiB. */
export const BATCH_BYTES_MAX = 64 * 1024 * 1024;

/** A whole batch and where it leads, or why there is none. `need` bytes would tell more, where known. */
export type BatchCheck =
  | { readonly kind: 'valid'; readonly sizeInBytes: number; readonly nextOffset: number }
  | { readonly kind: 'short'; readonly need: number }
  | { readonly kind: 'bad'; readonly reason: string };

/**
 * Checks the batch at `position`: length, version, CRC, and what the CRC does not cover: its base offset must be
 * `expectedOffset`, as a log has no gaps.
 */
export function checkBatch(bytes: Uint8Array, position: number, expectedOffset: number): BatchCheck {
  const available = bytes.length - position;
  if (available < BATCH_HEADER_BYTES) return { kind: 'short', need: BATCH_HEADER_BYTES };
  const sizeInBytes = sizeInBytesAt(bytes, position);
  if (sizeInBytes < BATCH_HEADER_BYTES || sizeInBytes > BATCH_BYTES_MAX) return bad(`a length of ${sizeInBytes} bytes`);
  if (magicAt(bytes, position) !== MAGIC) return bad(`magic ${magicAt(bytes, position)}`);
  if (sizeInBytes > available) return { kind: 'short', need: sizeInBytes };
  if (!hasValidCrc(bytes, position, sizeInBytes)) return bad('wrong CRC');
  const delta = lastOffsetDeltaAt(bytes, position);
  const baseOffset = safeBaseOffset(bytes, position);
  if (baseOffset !== expectedOffset) return bad(`base offset ${baseOffset} where ${expectedOffset} belongs`);
  if (delta < 0 || partitionLeaderEpochAt(bytes, position) < 0) return bad('a negative last offset or leader epoch');
  return { kind: 'valid', sizeInBytes, nextOffset: expectedOffset + delta + 1 };
}

/** The largest timestamp of a batch, or −1 for one that no clock shows. */
export function timestampOf(bytes: Uint8Array, position: number): number {
  return Math.max(-1, maxTimestampAt(bytes, position));
}

function safeBaseOffset(bytes: Uint8Array, position: number): number | undefined {
  try {
    return baseOffsetAt(bytes, position);
  } catch {
    return undefined;
  }
}

function bad(reason: string): BatchCheck {
  return { kind: 'bad', reason };
}
