import { crc32c } from '@moldau/records';
import { readInt64, readUint32, writeInt32, writeInt64 } from './integers.ts';

/**
 * A journal file, big-endian. It is preallocated and used again and again; each use has a higher generation.
 *
 *   header, 24 bytes: `MJF1`, CRC-32C of the rest of the header uint32, generation int64, sequence of its first entry int64
 *   entries:          `MJE1`, CRC-32C of the rest of the entry's header uint32, generation int64, sequence int64,
 *                     log id 16 bytes, base offset int64, payload length uint32, CRC-32C of the payload uint32, payload
 *
 * A payload is whole batches as they stand in the log. Entries follow each other without gaps; sequences rise by one, also
 * from file to file. Bytes of an earlier use never pass for an entry: they carry an earlier generation.
 */
export const JOURNAL_HEADER_BYTES = 24;
export const ENTRY_HEADER_BYTES = 56;

const FILE_MAGIC = 0x4d4a4631;
const ENTRY_MAGIC = 0x4d4a4531;
const LOG_ID_BYTES = 16;

export interface JournalFileHeader {
  readonly generation: number;
  readonly firstSequence: number;
}

/** What an entry says of its payload, for writing. */
export interface JournalEntryHeader {
  readonly generation: number;
  readonly sequence: number;
  /** As `logIdBytes` gives it. */
  readonly logId: Uint8Array;
  readonly baseOffset: number;
}

/** An entry as read back. */
export interface JournalEntry {
  readonly generation: number;
  readonly sequence: number;
  readonly logId: string;
  readonly baseOffset: number;
  readonly payload: Uint8Array;
  /** Where the next entry begins. */
  readonly end: number;
}

export function writeFileHeader(header: JournalFileHeader): Uint8Array {
  const bytes = new Uint8Array(JOURNAL_HEADER_BYTES);
  writeInt32(bytes, 0, FILE_MAGIC);
  writeInt64(bytes, 8, header.generation);
  writeInt64(bytes, 16, header.firstSequence);
  writeInt32(bytes, 4, crc32c(bytes.subarray(8)));
  return bytes;
}

export function readFileHeader(bytes: Uint8Array): JournalFileHeader | undefined {
  if (bytes.length < JOURNAL_HEADER_BYTES || readUint32(bytes, 0) !== FILE_MAGIC) return undefined;
  if (readUint32(bytes, 4) !== crc32c(bytes.subarray(8, JOURNAL_HEADER_BYTES))) return undefined;
  return { generation: readInt64(bytes, 8), firstSequence: readInt64(bytes, 16) };
}

/** Writes an entry's header into `target` at `position`. */
export function writeEntryHeader(target: Uint8Array, position: number, header: JournalEntryHeader, payload: Uint8Array): void {
  const bytes = target.subarray(position, position + ENTRY_HEADER_BYTES);
  writeInt32(bytes, 0, ENTRY_MAGIC);
  writeInt64(bytes, 8, header.generation);
  writeInt64(bytes, 16, header.sequence);
  bytes.set(header.logId, 24);
  writeInt64(bytes, 40, header.baseOffset);
  writeInt32(bytes, 48, payload.length);
  writeInt32(bytes, 52, crc32c(payload));
  writeInt32(bytes, 4, crc32c(bytes.subarray(8)));
}

/** The entry at `position`; undefined when there is none of this generation and sequence, whole and undamaged. */
export function readEntry(bytes: Uint8Array, position: number, generation: number, sequence: number): JournalEntry | undefined {
  const payloadAt = position + ENTRY_HEADER_BYTES;
  if (payloadAt > bytes.length || readUint32(bytes, position) !== ENTRY_MAGIC) return undefined;
  if (readUint32(bytes, position + 4) !== crc32c(bytes.subarray(position + 8, payloadAt))) return undefined;
  if (readInt64(bytes, position + 8) !== generation || readInt64(bytes, position + 16) !== sequence) return undefined;
  const end = payloadAt + readUint32(bytes, position + 48);
  if (end > bytes.length) return undefined;
  const payload = bytes.subarray(payloadAt, end);
  if (crc32c(payload) !== readUint32(bytes, position + 52)) return undefined;
  const logId = logIdText(bytes.subarray(position + 24, position + 24 + LOG_ID_BYTES));
  return { generation, sequence, logId, baseOffset: readInt64(bytes, position + 40), payload, end };
}

/** A log id, which is a UUID, as an entry holds it. */
export function logIdBytes(logId: string): Uint8Array {
  const hex = logId.replaceAll('-', '');
  return Uint8Array.from({ length: LOG_ID_BYTES }, (_, index) => Number.parseInt(hex.slice(2 * index, 2 * index + 2), 16));
}

function logIdText(bytes: Uint8Array): string {
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
