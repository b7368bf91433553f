import { type Offset, partitionIndex } from '@moldau/kernel';
import { describe, expect, it } from 'vitest';
import type { LogDirectory } from './log-directory.ts';
import type { PartitionLog } from './partition-log.ts';
import { caught } from './testing/caught.ts';
import { EPOCH, makeBatch, partitionOf, ROOT, StorageRig, TOPIC } from './testing/storage-rig.ts';

const CONFIG = { segmentBytes: 3000, segmentMs: Number.MAX_SAFE_INTEGER, retentionMs: -1, fileDeleteDelayMs: 100 };
const PARTITIONS = 3;

interface Filled {
  readonly rig: StorageRig;
  readonly directory: LogDirectory;
  readonly logs: readonly PartitionLog[];
  readonly totalBytes: number;
}

/** Some logs with all they hold committed; then others take every free byte of the file system. */
async function fillUp(config: Partial<typeof CONFIG> = {}): Promise<Filled> {
  const rig = new StorageRig();
  rig.settings = { journalThreshold: 1, journalFileBytes: 8192, keepFreeBytes: 1000 };
  const directory = await rig.open();
  const logs: PartitionLog[] = [];
  for (let index = 0; index < PARTITIONS; index++) logs.push(await rig.create(directory, index, { ...CONFIG, ...config }));
  for (let round = 0; round < 20; round++) {
    for (const log of logs) log.append(makeBatch(1, { valueBytes: 300 }), { leaderEpoch: EPOCH });
    await rig.idle();
  }
  for (const log of logs) log.advanceHighWatermark(log.endOffset);
  // All is in the segments.
  await rig.scheduler.runFor(8000);
  const { totalBytes } = await rig.until(rig.disk.space(ROOT));
  await takeAll(rig);
  await rig.scheduler.runFor(1500);
  expect(directory.condition.kind).toBe('full');
  return { rig, directory, logs, totalBytes };
}

async function takeAll(rig: StorageRig): Promise<void> {
  const { totalBytes, freeBytes } = await rig.until(rig.disk.space(ROOT));
  rig.disk.capacityBytes = totalBytes - freeBytes;
}

describe('on a file system without a free byte', () => {
  it('records are deleted, their segments freed, and appends go on once the reserve is there again', async () => {
    const { rig, directory, logs, totalBytes } = await fillUp();
    const [log] = logs;
    const before = directory.stats.storedBytes;
    for (const each of logs) await rig.until(each.deleteRecordsBefore(each.highWatermark));
    expect(logs.map((each) => each.startOffset)).toEqual([20, 20, 20]);
    // The active segment too: it is sealed for that.
    await rig.scheduler.runFor(30_000);
    expect(directory.stats.storedBytes).toBeLessThan(before / 10);
    expect((await rig.until(rig.disk.stat(`${ROOT}/reserve`)))?.sizeBytes).toBe(4096);
    expect(directory.condition.kind).toBe('online');
    log?.append(makeBatch(1), { leaderEpoch: EPOCH });
    await rig.idle();
    rig.disk.capacityBytes = totalBytes;
    rig.crash();
    const again = partitionOf(await rig.open());
    expect([again.startOffset, again.endOffset]).toEqual([20, 21]);
  });

  it('retention deletes', async () => {
    const { rig, directory, logs } = await fillUp();
    const before = directory.stats.storedBytes;
    const [log] = logs;
    if (log !== undefined) await rig.until(log.reconfigure({ ...log.config, retentionMs: 1000 }));
    await rig.scheduler.runFor(60_000);
    expect(log?.startOffset).toBe(20);
    expect(directory.stats.storedBytes).toBeLessThan(before * 0.7);
  });

  it('a topic is deleted', async () => {
    const { rig, directory } = await fillUp();
    for (let index = 0; index < PARTITIONS; index++) await rig.until(directory.deletePartition(TOPIC, partitionIndex(index)));
    await rig.scheduler.runFor(5000);
    expect([directory.condition.kind, directory.stats.partitions]).toEqual(['online', 0]);
  });

  it('a shutdown is clean, and so is the start after it', async () => {
    const { rig, directory, totalBytes } = await fillUp();
    await rig.until(directory.close());
    rig.kill();
    rig.disk.capacityBytes = totalBytes;
    const reopened = await rig.open();
    expect(reopened.recovery).toMatchObject({ clean: true, partitions: PARTITIONS, cut: [] });
    expect([0, 1, 2].map((index) => partitionOf(reopened, index).endOffset)).toEqual([20, 20, 20]);
  });

  it('nothing is lost when the reserve does not suffice: what failed can be tried again', async () => {
    const { rig, directory, logs, totalBytes } = await fillUp();
    const [log] = logs;
    await rig.disk.removeFile(`${ROOT}/reserve`);
    await takeAll(rig);
    const refused = await caught(() => rig.until(log?.deleteRecordsBefore(5 as Offset) ?? Promise.resolve()));
    expect(refused.reason).toBe('DISK_FULL');
    rig.disk.capacityBytes = totalBytes;
    await rig.scheduler.runFor(30_000);
    expect(directory.condition.kind).toBe('online');
    for (const each of logs) await rig.until(each.deleteRecordsBefore(20 as Offset));
    rig.crash();
    const reopened = await rig.open();
    expect([0, 1, 2].map((index) => partitionOf(reopened, index).startOffset)).toEqual([20, 20, 20]);
  });
});
