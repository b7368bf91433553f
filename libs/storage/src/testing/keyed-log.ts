import { type Offset } from '@moldau/kernel';
import { type BatchFields, batchesIn, RecordBatchBuilder, readBatch } from '@moldau/records';
import type { PartitionLog } from '../partition-log.ts';
import type { StorageRig } from './storage-rig.ts';

export interface KeyedRecord {
  readonly key: string;
  /** Null: a tombstone. */
  readonly value: string | null;
}

export interface FoundRecord extends KeyedRecord {
  readonly offset: number;
}

const encoder = new TextEncoder();

/** A batch of records with keys. */
export function keyedBatch(records: readonly KeyedRecord[], fields: BatchFields & { readonly timestamp?: number } = {}): Uint8Array {
  const builder = new RecordBatchBuilder({ targetBytes: 1 << 26, maxBytes: 1 << 26 });
  for (const { key, value } of records) {
    builder.append(fields.timestamp ?? 1000, encoder.encode(key), value === null ? null : encoder.encode(value));
  }
  return new Uint8Array(builder.build(fields));
}

/** All records of a log, read from disk and memory as a consumer would. Asserts that its batches leave no hole. */
export async function recordsOf(rig: StorageRig, log: PartitionLog, from: number = log.startOffset): Promise<FoundRecord[]> {
  const found: FoundRecord[] = [];
  let next = -1;
  for (const batch of await rig.readAll(log, from)) {
    for (const { position } of batchesIn(batch)) {
      const reader = readBatch(batch, position);
      if (next >= 0 && reader.baseOffset !== next) throw new Error(`a batch at ${reader.baseOffset} where ${next} follows`);
      next = reader.lastOffset + 1;
      if (reader.isControl) continue;
      for (const { offset, key, value } of reader) {
        if (offset >= from) found.push({ offset: offset satisfies Offset, key: key?.toString() ?? '', value: value?.toString() ?? null });
      }
    }
  }
  return found;
}

/** The newest value of each key, keys in alphabetical order; tombstones leave nothing. */
export function newestOf(records: readonly KeyedRecord[]): [string, string][] {
  const newest = new Map<string, string | null>();
  for (const { key, value } of records) newest.set(key, value);
  return [...newest].filter((entry): entry is [string, string] => entry[1] !== null).sort(([left], [right]) => left.localeCompare(right));
}
