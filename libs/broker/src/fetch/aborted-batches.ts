import type { Offset } from '@moldau/kernel';
import type { AbortedTransaction } from '@moldau/protocol';
import { batchesIn, isControlAt, isTransactionalAt, lastOffsetAt, producerIdAt, readBatch, transactionMarkerOf } from '@moldau/records';
import type { AbortedTransaction as EndedByAbort, ReadResult } from '@moldau/storage';
import type { PartitionLog } from '../partition/partition-log.ts';
import type { ReadIsolation } from './isolation.ts';

/** Up to so many are told as the log gives them; of more, only those whose producers have batches in the read. */
const UNFILTERED_MAX = 100;
const NONE: readonly AbortedTransaction[] = Object.freeze([]);

/**
 * The aborted transactions that a reader of committed records has to leave out of a read, by their first offset. Each has a batch or
 * a marker in it, so that they never take more room than the read. Lets go of the read when they can't be told.
 *
 * @throws (rejects) MoldauError as reading does
 */
export function abortedIn(
  log: PartitionLog,
  from: Offset,
  read: ReadResult,
  isolation: ReadIsolation,
): readonly AbortedTransaction[] | Promise<readonly AbortedTransaction[]> {
  if (isolation === 'read_uncommitted' || read.batches.length === 0 || !log.hasAbortedFrom(from)) return NONE;
  return log.abortedTransactions(from, read.nextOffset).then(
    (aborted) => told(aborted, read),
    (caught: unknown) => {
      read.release();
      throw caught;
    },
  );
}

function told(aborted: readonly EndedByAbort[], read: ReadResult): AbortedTransaction[] {
  const relevant = aborted.length <= UNFILTERED_MAX ? aborted : withBatches(aborted, read);
  return relevant.map(({ producerId, firstOffset }) => ({ producerId, firstOffset })).sort((a, b) => a.firstOffset - b.firstOffset);
}

function withBatches(aborted: readonly EndedByAbort[], { batches }: ReadResult): EndedByAbort[] {
  const producers = new Set<number>();
  for (const bytes of batches) {
    for (const { position } of batchesIn(bytes)) {
      if (isTransactionalAt(bytes, position) && !isControlAt(bytes, position)) producers.add(producerIdAt(bytes, position));
    }
  }
  return aborted.filter(({ producerId }) => producers.has(producerId));
}

/** Tells, batch by batch in the order of a read, which of them count for a reader of committed records. */
export class AbortedBatches {
  readonly #aborted: readonly AbortedTransaction[];
  readonly #producers = new Set<number>();
  #next = 0;

  /** By first offset, as they came with the read. */
  constructor(aborted: readonly AbortedTransaction[]) {
    this.#aborted = aborted;
  }

  /** Whether the batch is part of an aborted transaction. To be asked of each batch of the read, markers too. */
  isAborted(bytes: Uint8Array, position: number): boolean {
    const last = lastOffsetAt(bytes, position);
    for (let next = this.#aborted[this.#next]; next !== undefined && next.firstOffset <= last; next = this.#aborted[this.#next]) {
      this.#producers.add(next.producerId);
      this.#next += 1;
    }
    const producerId = producerIdAt(bytes, position);
    if (!isTransactionalAt(bytes, position) || !this.#producers.has(producerId)) return false;
    if (!isControlAt(bytes, position)) return true;
    const record = readBatch(bytes, position, { checkCrc: false }).readNext();
    if (record !== undefined && transactionMarkerOf(record)?.outcome === 'abort') this.#producers.delete(producerId);
    return false;
  }
}
