import { advanceSequence, baseOffsetAt, baseSequenceAt, lastOffsetDeltaAt, maxTimestampAt, timestampTypeAt } from '@moldau/records';
import type { ByteReader, ByteWriter } from './byte-codec.ts';
import { NO_APPEND_TIME, type RememberedBatch } from './producer-checks.ts';

/** The batch at `position`, which has its final base offset. */
export function rememberedAt(bytes: Uint8Array, position: number): RememberedBatch {
  const baseSequence = baseSequenceAt(bytes, position);
  const delta = lastOffsetDeltaAt(bytes, position);
  const baseOffset = baseOffsetAt(bytes, position);
  const appendTime = timestampTypeAt(bytes, position) === 'LogAppendTime' ? maxTimestampAt(bytes, position) : NO_APPEND_TIME;
  return { baseSequence, lastSequence: advanceSequence(baseSequence, delta), baseOffset, lastOffset: baseOffset + delta, appendTime };
}

export function writeRemembered(writer: ByteWriter, batch: RememberedBatch): void {
  writer.int32(batch.baseSequence);
  writer.int32(batch.lastSequence);
  writer.int64(batch.baseOffset);
  writer.int32(batch.lastOffset - batch.baseOffset);
  writer.int64(batch.appendTime);
}

export function readRemembered(reader: ByteReader): RememberedBatch {
  const baseSequence = reader.int32();
  const lastSequence = reader.int32();
  const baseOffset = reader.int64();
  return { baseSequence, lastSequence, baseOffset, lastOffset: baseOffset + reader.int32(), appendTime: reader.int64() };
}
