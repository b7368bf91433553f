import type { ComposedMessage } from '@moldau/kernel';
import { PartitionNews } from '../gen/moldau/internal/v1/replication.ts';
import { FetchedPartition, FetchStreamPartition } from '../gen/moldau/v1/fetch.ts';
import { delimitedLength, WireWriter } from './wire.ts';

const FRAME = 1; // FetchStreamResponse.records, ReplicateResponse.news
const FRAME_PARTITIONS = 1; // FetchStreamRecords.partitions, ReplicaNews.partitions
const STREAM_BATCHES = 6; // FetchStreamPartition.record_batches
const NEWS_BATCHES = 7; // PartitionNews.record_batches
const RESPONSE_PARTITIONS = 1; // FetchResponse.partitions
const FETCHED_BATCHES = 7; // FetchedPartition.record_batches
const NO_BYTES = new Uint8Array(0);

/** A partition's answer with its batches as they lie in the log's buffers. */
export interface WithBatches<Head> {
  /** All but the batches. */
  readonly head: Omit<Head, 'recordBatches'>;
  readonly batches: readonly Uint8Array[];
}

/** A FetchStreamResponse with records; composing it copies each batch once, straight into the transport's buffer. */
export function composeStreamRecords(partitions: readonly WithBatches<FetchStreamPartition>[]): ComposedMessage {
  return composeFrame(
    partitions.map(({ head, batches }) => new Part(FetchStreamPartition.encode({ ...head, recordBatches: NO_BYTES }).finish(), batches)),
    STREAM_BATCHES,
  );
}

/** The same for a ReplicateResponse with news. */
export function composeReplicaNews(partitions: readonly WithBatches<PartitionNews>[]): ComposedMessage {
  return composeFrame(
    partitions.map(({ head, batches }) => new Part(PartitionNews.encode({ ...head, recordBatches: NO_BYTES }).finish(), batches)),
    NEWS_BATCHES,
  );
}

/** Encodes a FetchResponse, copying each batch once, straight into the message. */
export function encodeFetchResponse(partitions: readonly WithBatches<FetchedPartition>[]): Uint8Array {
  const parts = partitions.map(
    ({ head, batches }) => new Part(FetchedPartition.encode({ ...head, recordBatches: NO_BYTES }).finish(), batches),
  );
  const message = Buffer.allocUnsafe(totalOf(parts));
  const writer = new WireWriter(message, 0);
  for (const part of parts) part.write(writer, RESPONSE_PARTITIONS, FETCHED_BATCHES);
  writer.finish(message.length);
  return message;
}

function composeFrame(parts: readonly Part[], batchesField: number): ComposedMessage {
  const total = totalOf(parts);
  const byteLength = delimitedLength(total);
  return {
    byteLength,
    copy(target, at): void {
      const writer = new WireWriter(target, at);
      writer.open(FRAME, total);
      for (const part of parts) part.write(writer, FRAME_PARTITIONS, batchesField);
      writer.finish(at + byteLength);
    },
  };
}

function totalOf(parts: readonly Part[]): number {
  return parts.reduce((sum, part) => sum + delimitedLength(part.length), 0);
}

class Part {
  readonly length: number;
  readonly #head: Uint8Array;
  readonly #batches: readonly Uint8Array[];
  readonly #bytes: number;

  constructor(head: Uint8Array, batches: readonly Uint8Array[]) {
    this.#head = head;
    this.#batches = batches;
    this.#bytes = batches.reduce((sum, batch) => sum + batch.length, 0);
    this.length = head.length + (this.#bytes === 0 ? 0 : delimitedLength(this.#bytes));
  }

  write(writer: WireWriter, field: number, batchesField: number): void {
    writer.open(field, this.length);
    writer.put(this.#head);
    if (this.#bytes === 0) return;
    writer.open(batchesField, this.#bytes);
    for (const batch of this.#batches) writer.put(batch);
  }
}
