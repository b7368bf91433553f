import { statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';

const BYTES_PER_GIB = 2 ** 30;
/** A broker refuses writes when the file system has less than that left (libs/storage), and the page needs some room too. */
const RESERVE_BYTES = 2 * BYTES_PER_GIB;

/** Why so much can't be stored where the data of the benchmark lies; undefined when it can. */
export function diskTooSmall(bytes: number): string | undefined {
  const { bavail, bsize } = statfsSync(tmpdir());
  const free = bavail * bsize - RESERVE_BYTES;
  if (free >= bytes) return undefined;
  return `it stores up to ${gib(bytes)} GiB, and ${tmpdir()} has ${gib(Math.max(0, free))} GiB to spare; TMPDIR names another place`;
}

function gib(bytes: number): string {
  return (bytes / BYTES_PER_GIB).toFixed(1);
}
