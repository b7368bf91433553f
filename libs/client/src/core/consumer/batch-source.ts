import type { Compute } from '@moldau/kernel';
import { MoldauError, type Offset } from '@moldau/kernel';
import {
  assertCrc,
  assertWholeBatch,
  BATCH_HEADER_BYTES,
  type BatchSpan,
  baseOffsetAt,
  compressionAt,
  decompress,
  isControlAt,
  isTransactionalAt,
  lastOffsetAt,
  prepareCompression,
  producerIdAt,
  RecordBatchReader,
  readBatch,
  transactionMarkerOf,
} from '@moldau/records';
import { Fifo } from '../fifo.ts';
import type { Chunk, Failure } from './chunk.ts';
import { ConsumerBatch, type OpenedBatch, placedError } from './consumer-batch.ts';
import type { ConsumerSettings } from './consumer-settings.ts';
import type { Fetcher } from './fetcher.ts';

/** Compressed bytes from which decompressing would hold up the event loop for longer than handing it to a thread costs. */
const COMPUTE_FROM_BYTES = 8 * 1024;

/** A batch for the user, and the chunk it came from. */
export interface Delivery<K, V> {
  readonly batch: ConsumerBatch<K, V>;
  readonly chunk: Chunk<K, V>;
  readonly bytes: number;
}

/** What has arrived and not been read, in the order of arrival; opens batches one by one as they are asked for. */
export class BatchSource<K, V> {
  readonly #settings: ConsumerSettings<K, V>;
  readonly #compute: Compute;
  readonly #fetcher: Fetcher<K, V>;
  readonly #items = new Fifo<Chunk<K, V> | Failure<K, V>>();

  constructor(settings: ConsumerSettings<K, V>, compute: Compute, fetcher: Fetcher<K, V>) {
    this.#settings = settings;
    this.#compute = compute;
    this.#fetcher = fetcher;
  }

  add(item: Chunk<K, V> | Failure<K, V>): void {
    this.#items.push(item);
  }

  /** Hands the batch out again, from the partition's position on. */
  putBack({ chunk }: Delivery<K, V>): void {
    chunk.index -= 1;
    chunk.from = chunk.partition.position ?? chunk.from;
  }

  /**
   * The next batch; undefined when there is none now.
   *
   * @throws MoldauError what ended a partition, once; CORRUPT_BATCH and others for a batch that can't be opened
   */
  next(): Delivery<K, V> | Promise<Delivery<K, V> | undefined> | undefined {
    for (let item = this.#items.first; item !== undefined; item = this.#items.first) {
      if (item.t === 'failure') {
        this.#items.shift();
        if (item.partition === undefined || item.partition.positionId === item.positionId) throw item.error;
        continue;
      }
      const span = item.spans[item.index];
      if (span === undefined) {
        this.#items.shift();
        continue;
      }
      if (item.partition.positionId !== item.positionId) {
        this.#drop(item);
        continue;
      }
      item.index += 1;
      const opened = this.#open(item, span);
      if (opened === undefined) item.reader.consumed(span.sizeInBytes);
      else return opened;
    }
    return undefined;
  }

  /** Drops a chunk whose partition has moved. */
  #drop(chunk: Chunk<K, V>): void {
    this.#items.shift();
    const rest = chunk.spans.slice(chunk.index).reduce((sum, { sizeInBytes }) => sum + sizeInBytes, 0);
    chunk.reader.consumed(rest);
  }

  #open(chunk: Chunk<K, V>, span: BatchSpan): Delivery<K, V> | Promise<Delivery<K, V> | undefined> | undefined {
    const { bytes } = chunk;
    const { position } = span;
    try {
      assertWholeBatch(bytes, position);
      if (this.#settings.checkCrc) assertCrc(bytes, position, span.sizeInBytes);
      const codec = compressionAt(bytes, position);
      const last = lastOffsetAt(bytes, position);
      if (!this.#isWanted(chunk, position, last)) {
        if (last >= chunk.from) this.#fetcher.delivered(chunk.partition, last + 1);
        return undefined;
      }
      const payload = bytes.subarray(position + BATCH_HEADER_BYTES, position + span.sizeInBytes);
      if (codec === 'none') return this.#deliver(chunk, span, payload);
      const { maxDecompressedBytes: limit } = this.#settings;
      const inflated =
        payload.length >= COMPUTE_FROM_BYTES
          ? this.#compute.decompress(codec, payload, limit)
          : prepareCompression(codec).then(() => decompress(codec, payload, limit));
      return inflated.then(
        (records) => this.#deliverLater(chunk, span, records),
        (caught: unknown) => this.#fail(chunk, position, caught),
      );
    } catch (caught) {
      return this.#fail(chunk, position, caught);
    }
  }

  /** False for what readers do not see: markers, aborted transactions, and what lies outside the range asked for. */
  #isWanted(chunk: Chunk<K, V>, position: number, last: Offset): boolean {
    const { bytes, partition } = chunk;
    if (last < chunk.from) return false;
    if (partition.endOffset !== undefined && baseOffsetAt(bytes, position) >= partition.endOffset) return false;
    if (this.#settings.isolation === 'read_committed') {
      const producerId = producerIdAt(bytes, position);
      for (
        let next = chunk.aborted[chunk.nextAborted];
        next !== undefined && next.firstOffset <= last;
        next = chunk.aborted[chunk.nextAborted]
      ) {
        chunk.abortedProducers.add(next.producerId);
        chunk.nextAborted += 1;
      }
      if (isControlAt(bytes, position)) {
        const marker = readBatch(bytes, position, { checkCrc: false }).readNext();
        if (marker !== undefined && transactionMarkerOf(marker)?.outcome === 'abort') chunk.abortedProducers.delete(producerId);
        return false;
      }
      return !(isTransactionalAt(bytes, position) && chunk.abortedProducers.has(producerId));
    }
    return !isControlAt(bytes, position);
  }

  #deliver(chunk: Chunk<K, V>, span: BatchSpan, records: Uint8Array): Delivery<K, V> | undefined {
    const { bytes, partition, from } = chunk;
    const { position, sizeInBytes } = span;
    const opened: OpenedBatch = { bytes, position, records };
    const base = baseOffsetAt(bytes, position);
    const lastOffset = lastOffsetAt(bytes, position);
    const skip = base < from ? countBelow(opened, from) : 0;
    const place = { firstOffset: Math.max(base, from) as Offset, lastOffset, highWatermark: chunk.highWatermark as Offset };
    const batch = new ConsumerBatch<K, V>(partition.context, opened, place, skip);
    if (batch.count > 0) return { batch, chunk, bytes: sizeInBytes };
    this.#fetcher.delivered(partition, lastOffset + 1);
    return undefined;
  }

  /** After decompression: the partition may have moved meanwhile. */
  #deliverLater(
    chunk: Chunk<K, V>,
    span: BatchSpan,
    records: Uint8Array,
  ): Delivery<K, V> | undefined | Promise<Delivery<K, V> | undefined> {
    try {
      const delivery = chunk.partition.positionId === chunk.positionId ? this.#deliver(chunk, span, records) : undefined;
      if (delivery !== undefined) return delivery;
    } catch (caught) {
      return this.#fail(chunk, span.position, caught);
    }
    chunk.reader.consumed(span.sizeInBytes);
    return this.next();
  }

  #fail(chunk: Chunk<K, V>, position: number, caught: unknown): never {
    const { bytes, partition } = chunk;
    const error = placedError(caught, partition, offsetAt(bytes, position) ?? partition.fetchOffset);
    chunk.index -= 1;
    this.#drop(chunk);
    this.#fetcher.abandon(partition, error);
    throw error;
  }
}

function countBelow(opened: OpenedBatch, from: number): number {
  const reader = new RecordBatchReader(opened.bytes, opened.position, opened.records);
  let count = 0;
  for (let record = reader.readNext(); record !== undefined && record.offset < from; record = reader.readNext()) count += 1;
  return count;
}

function offsetAt(bytes: Uint8Array, position: number): Offset | undefined {
  try {
    return baseOffsetAt(bytes, position);
  } catch (caught) {
    if (caught instanceof MoldauError) return undefined;
    throw caught;
  }
}
