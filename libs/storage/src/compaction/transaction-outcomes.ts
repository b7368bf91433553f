import type { Offset } from '@moldau/kernel';
import { baseOffsetAt, batchesIn, isControlAt, producerIdAt, readBatch, transactionMarkerOf } from '@moldau/records';
import type { PartitionState } from '../partition-state.ts';
import { readLog } from '../read.ts';
import type { StorageContext } from '../storage-context.ts';
import type { Pace } from './pace.ts';

const READ_BYTES = 256 * 1024;
/** Markers kept in memory, some 50 bytes each; what is decided behind them waits for another pass. */
const MARKERS_MAX = 200_000;

export type Outcome = 'committed' | 'aborted' | 'open';

interface Marker {
  readonly offset: number;
  readonly outcome: 'committed' | 'aborted';
}

/**
 * How the transactions of the uncompacted part ended. A record belongs to the transaction that its producer's next marker
 * ends; markers are looked for up to the high watermark, and only when a pass first meets transactional records.
 */
export class TransactionOutcomes {
  readonly #context: StorageContext;
  readonly #state: PartitionState;
  readonly #from: number;
  readonly #pace: Pace;
  #markers: Map<number, Marker[]> | undefined;

  constructor(context: StorageContext, state: PartitionState, from: number, pace: Pace) {
    this.#context = context;
    this.#state = state;
    this.#from = from;
    this.#pace = pace;
  }

  /** What became of the transactional batch of this producer at `offset`. */
  async of(producerId: number, offset: number): Promise<Outcome> {
    this.#markers ??= await this.#load();
    return firstBehind(this.#markers.get(producerId) ?? [], offset)?.outcome ?? 'open';
  }

  async #load(): Promise<Map<number, Marker[]>> {
    const found = new Map<number, Marker[]>();
    const upTo = this.#state.highWatermark;
    let count = 0;
    for (let next = Math.max(this.#from, this.#state.startOffset); next < upTo && count < MARKERS_MAX; ) {
      await this.#pace.transfer(READ_BYTES);
      const read = await readLog(this.#context, this.#state, next, { maxBytes: READ_BYTES, upTo: upTo as Offset });
      try {
        for (const bytes of read.batches) count += noteMarkers(found, bytes);
      } finally {
        read.release();
      }
      if (read.nextOffset <= next) break;
      next = read.nextOffset;
      await this.#pace.turn();
    }
    return found;
  }
}

function noteMarkers(found: Map<number, Marker[]>, bytes: Uint8Array): number {
  let count = 0;
  for (const { position } of batchesIn(bytes)) {
    if (!isControlAt(bytes, position)) continue;
    const record = readBatch(bytes, position, { checkCrc: false }).readNext();
    const marker = record === undefined ? undefined : transactionMarkerOf(record);
    if (marker === undefined) continue;
    const producerId = producerIdAt(bytes, position);
    const markers = found.get(producerId) ?? [];
    markers.push({ offset: baseOffsetAt(bytes, position), outcome: marker.outcome === 'abort' ? 'aborted' : 'committed' });
    found.set(producerId, markers);
    count += 1;
  }
  return count;
}

/** The first marker behind `offset`; they ascend. */
function firstBehind(markers: readonly Marker[], offset: number): Marker | undefined {
  let low = 0;
  let high = markers.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((markers[middle]?.offset ?? 0) > offset) high = middle;
    else low = middle + 1;
  }
  return markers[low];
}
