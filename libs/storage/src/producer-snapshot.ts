import { ByteReader, ByteWriter } from './byte-codec.ts';
import { UncommittedEnds } from './ended-transactions.ts';
import type { ProducerState } from './producer-state.ts';

/** Payload of a `.snapshot`: log id, the offset it was taken at int64, the producers, ends that were not committed, the shard epoch int32. */
export function encodeSnapshot(logId: string, atOffset: number, producers: ProducerState, ends: UncommittedEnds): Uint8Array {
  const writer = new ByteWriter();
  writer.text(logId);
  writer.int64(atOffset);
  producers.encode(writer);
  ends.encode(writer);
  writer.int32(producers.shardEpoch);
  return writer.finish();
}

/** What a snapshot is of. */
export interface SnapshotPlace {
  readonly logId: string;
  readonly atOffset: number;
}

/** False, with nothing changed, when the snapshot is of another log or offset. */
export function restoreSnapshot(
  payload: Uint8Array,
  { logId, atOffset }: SnapshotPlace,
  into: ProducerState,
  ends?: UncommittedEnds,
): boolean {
  const reader = new ByteReader(payload);
  if (reader.text() !== logId || reader.int64() !== atOffset) return false;
  into.restore(reader);
  // What follows is absent in older files.
  if (!reader.done) (ends ?? new UncommittedEnds()).restore(reader);
  if (!reader.done) into.shardEpoch = reader.int32();
  return true;
}
