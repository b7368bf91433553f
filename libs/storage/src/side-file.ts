import { crc32c } from '@moldau/records';
import { readUint32, writeInt32 } from './integers.ts';

/**
 * The envelope of a binary side file: `MOLD`, kind uint8, version uint8, 2 bytes zero, payload length uint32, CRC-32C
 * uint32 of all other bytes, payload. Nothing may follow.
 *
 * JSON side files are `{"format":n,"crc32c":"hex","content":{…}}`; the CRC covers `n:` and the content as
 * `JSON.stringify` writes it.
 */
export const SIDE_FILE_KINDS = {
  highWatermarks: 1,
  cleanShutdown: 2,
  offsetIndex: 3,
  timeIndex: 4,
  producerSnapshot: 5,
  leaderEpochs: 6,
  abortedIndex: 7,
} as const;

export type SideFileKind = keyof typeof SIDE_FILE_KINDS;

/** What reading a side file found. A damaged one is never used, in no part. */
export type SideFile<Content> =
  | { readonly kind: 'absent' }
  | { readonly kind: 'damaged'; readonly reason: string }
  | { readonly kind: 'newer'; readonly format: number }
  | { readonly kind: 'valid'; readonly content: Content };

const MAGIC = 0x4d4f4c44;
const HEADER_BYTES = 16;
const CRC_AT = 12;
const FORMAT = 1;

export function encodeSideFile(kind: SideFileKind, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + payload.length);
  writeInt32(bytes, 0, MAGIC);
  bytes[4] = SIDE_FILE_KINDS[kind];
  bytes[5] = FORMAT;
  writeInt32(bytes, 8, payload.length);
  bytes.set(payload, HEADER_BYTES);
  writeInt32(bytes, CRC_AT, envelopeCrc(bytes));
  return bytes;
}

export function decodeSideFile(kind: SideFileKind, bytes: Uint8Array | undefined): SideFile<Uint8Array> {
  if (bytes === undefined) return { kind: 'absent' };
  if (bytes.length < HEADER_BYTES) return { kind: 'damaged', reason: `${bytes.length} bytes are less than a header` };
  if (readUint32(bytes, 0) !== MAGIC) return { kind: 'damaged', reason: 'wrong magic' };
  if (readUint32(bytes, 8) !== bytes.length - HEADER_BYTES) return { kind: 'damaged', reason: 'wrong length' };
  if (readUint32(bytes, CRC_AT) !== envelopeCrc(bytes) >>> 0) return { kind: 'damaged', reason: 'wrong CRC' };
  if (bytes[4] !== SIDE_FILE_KINDS[kind]) return { kind: 'damaged', reason: `a file of kind ${bytes[4]}` };
  const format = bytes[5] ?? 0;
  if (format > FORMAT) return { kind: 'newer', format };
  return { kind: 'valid', content: bytes.subarray(HEADER_BYTES) };
}

export function encodeJsonFile(content: unknown): Uint8Array {
  const text = JSON.stringify(content);
  return new TextEncoder().encode(`{"format":${FORMAT},"crc32c":"${jsonCrc(FORMAT, text)}","content":${text}}\n`);
}

export function decodeJsonFile(bytes: Uint8Array | undefined): SideFile<unknown> {
  if (bytes === undefined) return { kind: 'absent' };
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return { kind: 'damaged', reason: 'not JSON' };
  }
  if (typeof parsed !== 'object' || parsed === null || !('format' in parsed) || !('crc32c' in parsed) || !('content' in parsed)) {
    return { kind: 'damaged', reason: 'not the envelope of a side file' };
  }
  const { format, crc32c: crc, content } = parsed;
  if (typeof format !== 'number') return { kind: 'damaged', reason: 'format is not a number' };
  if (crc !== jsonCrc(format, JSON.stringify(content))) return { kind: 'damaged', reason: 'wrong CRC' };
  if (format > FORMAT) return { kind: 'newer', format };
  return { kind: 'valid', content };
}

/** For messages: what is wrong with a file that is not valid. */
export function describeFault(file: SideFile<unknown>): string {
  switch (file.kind) {
    case 'absent':
      return 'missing';
    case 'damaged':
      return `damaged: ${file.reason}`;
    case 'newer':
      return `of format ${file.format}, newer than ${FORMAT}`;
    case 'valid':
      return 'valid';
  }
}

function envelopeCrc(bytes: Uint8Array): number {
  return crc32c(bytes.subarray(HEADER_BYTES), crc32c(bytes.subarray(0, CRC_AT)));
}

function jsonCrc(format: number, text: string): string {
  return crc32c(new TextEncoder().encode(`${format}:${text}`))
    .toString(16)
    .padStart(8, '0');
}
