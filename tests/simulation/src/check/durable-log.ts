import { baseOffsetAt, hasValidCrc, lastOffsetDeltaAt, sizeInBytesAt } from '@moldau/records';
import type { SimDisk } from '@moldau/testkit';
import { DATA_DIRECTORY } from '../world/broker-node.ts';

const BATCH_HEADER_BYTES = 61;
const JOURNAL_HEADER_BYTES = 24;
const ENTRY_HEADER_BYTES = 56;
const ENTRY_MAGIC = 0x4d4a4531;
const LOG_ID_AT = 24;
const LOG_ID_BYTES = 16;
const BASE_OFFSET_AT = 40;
const PAYLOAD_LENGTH_AT = 48;

const SEGMENT = /^(\d{20})\.log$/;
const JOURNAL_DIRECTORY = `${DATA_DIRECTORY}/journal`;

/**
 * Where a replica's log ends for sure after a power loss now: in what is synced of its segments, and of the journal behind them.
 * Reads the bytes without the code that wrote them; undefined while the replica has no log.
 */
export function durableEnd(disk: SimDisk, topicId: string, partition: number): number | undefined {
  const directory = `${DATA_DIRECTORY}/topics/${topicId}/${partition}`;
  const names = disk.fileNames(directory);
  if (!names.includes('partition.json')) return undefined;
  const { start, logId } = readManifest(disk, `${directory}/partition.json`);
  const segments = names
    .flatMap((name) => {
      const match = SEGMENT.exec(name);
      return match === null ? [] : [{ path: `${directory}/${name}`, base: Number(match[1]) }];
    })
    .sort((one, other) => one.base - other.base);
  let end = segments[0]?.base ?? start;
  for (const { path, base } of segments) if (base === end) end = walk(disk.durableContents(path), base);
  const journals = disk.fileNames(JOURNAL_DIRECTORY).filter((name) => name.endsWith('.journal'));
  const entries = journals.flatMap((name) => entriesOf(disk.durableContents(`${JOURNAL_DIRECTORY}/${name}`), logId));
  for (let moved = true; moved; ) {
    const before = end;
    for (const { base, payload } of entries) if (base <= end) end = Math.max(end, walk(payload, base));
    moved = end > before;
  }
  return end;
}

/** The id of the data directory on the disk; undefined before it is made. */
export function directoryOn(disk: SimDisk): string | undefined {
  if (!disk.fileNames(DATA_DIRECTORY).includes('meta.json')) return undefined;
  const text = new TextDecoder().decode(disk.contents(`${DATA_DIRECTORY}/meta.json`));
  return /"directoryId":\s*"([0-9a-f-]+)"/.exec(text)?.[1];
}

/** The side file's JSON, whatever its frame. */
function readManifest(disk: SimDisk, path: string): { readonly start: number; readonly logId: Uint8Array } {
  const text = new TextDecoder().decode(disk.contents(path));
  const value = (name: string): string => new RegExp(`"${name}":\\s*"?([0-9a-f-]+)`).exec(text)?.[1] ?? '';
  return { start: Number(value('startOffset')), logId: Buffer.from(value('logId').replaceAll('-', ''), 'hex') };
}

/** The end of the whole batches from `base` on. */
function walk(bytes: Uint8Array, base: number): number {
  let end = base;
  for (let at = 0; at + BATCH_HEADER_BYTES <= bytes.length; ) {
    const size = sizeInBytesAt(bytes, at);
    if (size < BATCH_HEADER_BYTES || at + size > bytes.length || !hasValidCrc(bytes, at, size) || Number(baseOffsetAt(bytes, at)) !== end)
      break;
    end += lastOffsetDeltaAt(bytes, at) + 1;
    at += size;
  }
  return end;
}

/** The journal's entries of one log. Those of an earlier use of the file may be among them: the end may seem higher, never lower. */
function entriesOf(bytes: Uint8Array, logId: Uint8Array): { readonly base: number; readonly payload: Uint8Array }[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found: { base: number; payload: Uint8Array }[] = [];
  for (let at = JOURNAL_HEADER_BYTES; at + ENTRY_HEADER_BYTES <= bytes.length && view.getUint32(at) === ENTRY_MAGIC; ) {
    const from = at + ENTRY_HEADER_BYTES;
    const to = from + view.getUint32(at + PAYLOAD_LENGTH_AT);
    if (to > bytes.length) break;
    const id = bytes.subarray(at + LOG_ID_AT, at + LOG_ID_AT + LOG_ID_BYTES);
    if (Buffer.compare(id, logId) === 0)
      found.push({ base: Number(view.getBigInt64(at + BASE_OFFSET_AT)), payload: bytes.subarray(from, to) });
    at = to;
  }
  return found;
}
