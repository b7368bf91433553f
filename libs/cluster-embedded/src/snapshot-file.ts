import { crc32 } from 'node:zlib';
import type { LeaseId } from '@moldau/cluster';
import { type LeasedEntry, type StateImage, type Tree, treePut, treeScan } from '@moldau/cluster/memory';
import { type Disk, MoldauError, type Scheduler } from '@moldau/kernel';
import { ByteReader, ByteWriter, MalformedBytes } from './byte-cursor.ts';
import { readWhole, snapshotName } from './directory-layout.ts';
import { refuseNewerFormat } from './newer-format.ts';

/**
 * A snapshot is the whole state at one revision:
 *
 *     file  = "MOLDAUSN" version:u8 revision:varint entry* 0 count:varint crc:u32    (crc = CRC-32 of all before it)
 *     entry = 1 key:text createRevision:varint modRevision:varint value:bytes        (2 instead of 1: the key is on a lease)
 */
const SNAPSHOT_MAGIC = Uint8Array.from([...'MOLDAUSN'].map((letter) => letter.charCodeAt(0)).concat(1));
const CRC_BYTES = 4;
/** Entries encoded in one turn of the event loop: about a millisecond. */
const ENTRIES_PER_STEP = 1_000;

const END = 0;
const ENTRY = 1;
const ENTRY_LEASED = 2;

/** The lease of keys whose lease ended with the process that wrote the file. */
export const ENDED_LEASE = 'ended' as LeaseId;

/** Writes the snapshot and makes it durable under its name; in steps, so that other work goes on. Resolves to its size. */
export async function writeSnapshot(disk: Disk, scheduler: Scheduler, directory: string, image: StateImage): Promise<number> {
  const name = `${directory}/${snapshotName(image.revision)}`;
  const unfinished = `${name}.unfinished`;
  if ((await disk.stat(unfinished)) !== undefined) await disk.removeFile(unfinished);
  const file = await disk.open(unfinished, 'create');
  let position = 0;
  let crc = 0;
  const append = async (bytes: Uint8Array): Promise<void> => {
    crc = crc32(bytes, crc);
    await file.write([bytes], position);
    position += bytes.length;
  };
  try {
    const writer = new ByteWriter();
    await append(SNAPSHOT_MAGIC);
    writer.varint(image.revision);
    let count = 0;
    for (let from: string | undefined = ''; from !== undefined; ) {
      const step = encodeStep(writer, image.root, from);
      count += step.count;
      from = step.next;
      await append(writer.take());
      await new Promise<void>((resolve) => scheduler.nextTurn(resolve));
    }
    writer.byte(END);
    writer.varint(count);
    await append(writer.take());
    const trailer = new Uint8Array(CRC_BYTES);
    new DataView(trailer.buffer).setUint32(0, crc);
    await append(trailer);
    await file.sync();
  } finally {
    await file.close();
  }
  await disk.rename(unfinished, name);
  await disk.syncDirectory(directory);
  return position;
}

function encodeStep(
  writer: ByteWriter,
  root: Tree<LeasedEntry>,
  from: string,
): { readonly count: number; readonly next: string | undefined } {
  let count = 0;
  let next: string | undefined;
  treeScan(root, from, (key, entry) => {
    if (count === ENTRIES_PER_STEP) {
      next = key;
      return false;
    }
    writer.byte(entry.lease === undefined ? ENTRY : ENTRY_LEASED);
    writer.text(key);
    writer.varint(entry.createRevision);
    writer.varint(entry.modRevision);
    writer.bytes(entry.value);
    count += 1;
    return true;
  });
  return { count, next };
}

/** @throws MoldauError CORRUPT_LOG: a snapshot got its name only when it was whole; UNSUPPORTED_FORMAT */
export async function readSnapshot(disk: Disk, path: string): Promise<StateImage> {
  const bytes = await readWhole(disk, path);
  refuseNewerFormat(bytes, SNAPSHOT_MAGIC, path);
  const body = bytes.subarray(0, Math.max(0, bytes.length - CRC_BYTES));
  const magicFits = SNAPSHOT_MAGIC.every((byte, i) => bytes[i] === byte);
  const crc = body.length === bytes.length ? -1 : new DataView(bytes.buffer, bytes.byteOffset + body.length).getUint32(0);
  if (!magicFits || crc32(body) !== crc) throw corrupt(path, 'the check over the file fails');
  try {
    return decodeEntries(new ByteReader(body.subarray(SNAPSHOT_MAGIC.length)));
  } catch (error) {
    if (error instanceof MalformedBytes) throw corrupt(path, error.message);
    throw error;
  }
}

function decodeEntries(reader: ByteReader): StateImage {
  const revision = reader.varint();
  let root: Tree<LeasedEntry>;
  let count = 0;
  for (let kind = reader.byte(); kind !== END; kind = reader.byte()) {
    const key = reader.text();
    const createRevision = reader.varint();
    const modRevision = reader.varint();
    const lease = kind === ENTRY_LEASED ? ENDED_LEASE : undefined;
    root = treePut(root, key, { key, value: reader.bytes(), createRevision, modRevision, lease });
    count += 1;
  }
  if (reader.varint() !== count || !reader.done()) throw new MalformedBytes('the number of entries differs');
  return { revision, root };
}

function corrupt(path: string, why: string): MoldauError {
  return new MoldauError('CORRUPT_LOG', `metadata snapshot ${path}: ${why}`, { file: path });
}
