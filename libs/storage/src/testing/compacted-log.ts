import type { LogDirectory } from '../log-directory.ts';
import { type CompactionConfig } from '../partition-config.ts';
import type { PartitionLog } from '../partition-log.ts';
import { type KeyedRecord, keyedBatch } from './keyed-log.ts';
import { EPOCH, StorageRig } from './storage-rig.ts';

export const RETENTION_MS = 600_000;
export const EAGER: CompactionConfig = {
  minLagMs: 0,
  maxLagMs: Number.MAX_SAFE_INTEGER,
  minDirtyRatio: 0.01,
  deleteRetentionMs: RETENTION_MS,
};
export const SMALL = {
  segmentBytes: 2000,
  indexIntervalBytes: 200,
  retentionMs: -1,
  segmentMs: Number.MAX_SAFE_INTEGER,
  fileDeleteDelayMs: 100,
};
export const PASS_MS = 6000;

export interface Made {
  readonly rig: StorageRig;
  readonly directory: LogDirectory;
  readonly log: PartitionLog;
}

export async function makeCompacted(compaction: Partial<CompactionConfig> = {}, settings: object = {}): Promise<Made> {
  const rig = new StorageRig();
  rig.settings = { tailCacheBytes: 0, scrubPeriodMs: 0, ...settings };
  const directory = await rig.open();
  const log = await rig.create(directory, 0, { ...SMALL, compaction: { ...EAGER, ...compaction } });
  return { rig, directory, log };
}

export async function commit({ rig, log }: Pick<Made, 'rig' | 'log'>): Promise<void> {
  await rig.idle();
  log.advanceHighWatermark(log.endOffset);
}

/** Appends rounds of one record for each key, seals all of it, and lets time for a pass go by. */
export async function fill(made: Made, keys: number, rounds: number, batchRecords = 3): Promise<KeyedRecord[]> {
  const sent: KeyedRecord[] = [];
  let batch: KeyedRecord[] = [];
  for (let round = 0; round < rounds; round++) {
    for (let key = 0; key < keys; key++) {
      batch.push({ key: `k${key}`, value: `value ${round} of ${key} ${'.'.repeat(40)}` });
      if (batch.length < batchRecords) continue;
      made.log.append(keyedBatch(batch), { leaderEpoch: EPOCH });
      sent.push(...batch.splice(0));
      batch = [];
    }
  }
  await commit(made);
  made.log.roll();
  await commit(made);
  return sent;
}
