import type { Disk } from '@moldau/kernel';
import { type BatchHeader, readBatchHeader } from '@moldau/records';
import { BATCH_BYTES_MAX, checkBatch } from './batch-check.ts';

/** First bytes read of a batch; enough for its header, and usually for all of it. */
const READ_BYTES = 64 * 1024;

/** What stands at one place of a `.log` file. */
export type SegmentItem =
  | { readonly kind: 'batch'; readonly position: number; readonly header: BatchHeader; readonly bytes: Uint8Array }
  /** The walk ends here: there is no telling where the next batch begins. */
  | { readonly kind: 'damage'; readonly position: number; readonly reason: string };

/** Walks a segment file batch by batch, each checked, for people to look at; `firstOffset` is in the file's name. Rejects with the disk's error. */
export async function* describeSegment(disk: Disk, path: string, firstOffset: number): AsyncGenerator<SegmentItem, void, undefined> {
  const file = await disk.open(path, 'read');
  try {
    const size = await file.size();
    let offset = firstOffset;
    let want = READ_BYTES;
    for (let position = 0; position < size; ) {
      const bytes = new Uint8Array(Math.min(want, size - position, BATCH_BYTES_MAX));
      const count = await file.read(bytes, position);
      const check = checkBatch(bytes.subarray(0, count), 0, offset);
      if (check.kind === 'short' && position + check.need <= size && check.need > want) {
        want = check.need;
        continue;
      }
      if (check.kind !== 'valid') {
        const reason = check.kind === 'bad' ? check.reason : 'the file ends within a batch';
        yield { kind: 'damage', position, reason };
        return;
      }
      yield { kind: 'batch', position, header: readBatchHeader(bytes), bytes: bytes.subarray(0, check.sizeInBytes) };
      position += check.sizeInBytes;
      offset = check.nextOffset;
      want = READ_BYTES;
    }
  } finally {
    await file.close();
  }
}
