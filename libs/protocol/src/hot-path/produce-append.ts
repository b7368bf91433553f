import { ProduceBatch } from '../gen/moldau/v1/producer.ts';
import { delimitedLength, WireWriter } from './wire.ts';

const FRAME_APPEND = 2; // ProduceStreamRequest.append
const APPEND_BATCHES = 1; // ProduceStreamAppend.batches
const BATCH_RECORDS = 5; // ProduceBatch.record_batch
const NO_BYTES = new Uint8Array(0);

/** Encodes a ProduceStreamRequest with an append, copying each record batch once, straight into the message. */
export function encodeProduceAppend(batches: readonly ProduceBatch[]): Uint8Array {
  const heads: Uint8Array[] = [];
  const lengths: number[] = [];
  let total = 0;
  for (const batch of batches) {
    const head = ProduceBatch.encode({ ...batch, recordBatch: NO_BYTES }).finish();
    const length = head.length + delimitedLength(batch.recordBatch.length);
    heads.push(head);
    lengths.push(length);
    total += delimitedLength(length);
  }
  const message = Buffer.allocUnsafe(delimitedLength(total));
  const writer = new WireWriter(message, 0);
  writer.open(FRAME_APPEND, total);
  batches.forEach((batch, index) => {
    writer.open(APPEND_BATCHES, lengths[index] ?? 0);
    writer.put(heads[index] ?? NO_BYTES);
    writer.open(BATCH_RECORDS, batch.recordBatch.length);
    writer.put(batch.recordBatch);
  });
  writer.finish(message.length);
  return message;
}
