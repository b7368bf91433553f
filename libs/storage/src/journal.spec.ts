import { describe, expect, it } from 'vitest';
import type { LogDirectory } from './log-directory.ts';
import type { PartitionLog } from './partition-log.ts';
import { EPOCH, makeBatch, partitionOf, StorageRig } from './testing/storage-rig.ts';

const PARTITIONS = 3;
/** The batches' timestamps are old: nothing is rolled, and so sealed, for that. */
const CONFIG = { segmentMs: Number.MAX_SAFE_INTEGER, retentionMs: -1 };
const ALL = Array.from({ length: PARTITIONS }, (_, index) => index);

/** Rounds of more than one partition go to the journal, and stay there for longer than a test takes. */
async function openJournalled(rig: StorageRig): Promise<LogDirectory> {
  rig.settings = { journalThreshold: 1, journalFileBytes: 1500, journalFilesMax: 2, journalLagMs: 600_000 };
  const directory = await rig.open();
  for (const index of ALL) await rig.create(directory, index, CONFIG);
  return directory;
}

const logsOf = (directory: LogDirectory): PartitionLog[] => ALL.map((index) => partitionOf(directory, index));

async function round(rig: StorageRig, directory: LogDirectory, text: string): Promise<void> {
  for (const log of logsOf(directory)) log.append(makeBatch(1, { text }), { leaderEpoch: EPOCH });
  await rig.idle();
  for (const log of logsOf(directory)) log.advanceHighWatermark(log.flushedEnd);
}

async function texts(rig: StorageRig, log: PartitionLog): Promise<string[]> {
  const batches = await rig.readAll(log);
  return batches.map((batch) => /[a-z]+ \d+/.exec(Buffer.from(batch).toString('latin1'))?.[0] ?? '');
}

describe('what a killed process left in the journal', () => {
  it('stays there: no segment is written or synced before the directory is open', async () => {
    const rig = new StorageRig();
    const directory = await openJournalled(rig);
    for (let index = 0; index < 4; index++) await round(rig, directory, `first ${index}`);
    await rig.scheduler.runFor(1500);
    rig.kill();
    rig.disk.faults.inject({ operation: 'sync', path: '.log', times: 1000 });
    rig.disk.faults.inject({ operation: 'write', path: '.log', times: 1000 });
    const reopened = await rig.open();
    expect(reopened.condition.kind).toBe('online');
    for (const log of logsOf(reopened)) {
      expect([log.endOffset, log.writtenEnd, log.flushedEnd]).toEqual([4, 4, 4]);
      expect(await texts(rig, log)).toEqual(['first 0', 'first 1', 'first 2', 'first 3']);
    }
  });

  it('is not written over before the segments have it, however often the process dies', async () => {
    const rig = new StorageRig();
    let directory = await openJournalled(rig);
    const expected: string[] = [];
    for (let life = 0; life < 6; life++) {
      // Enough for both files of the ring.
      for (let index = 0; index < 7; index++) {
        expected.push(`life ${life}${index}`);
        await round(rig, directory, `life ${life}${index}`);
        if (index === 2) await rig.scheduler.runFor(1500);
      }
      if (life % 2 === 0) rig.kill();
      else rig.crash({ torn: false });
      directory = await rig.open();
      for (const log of logsOf(directory)) expect(await texts(rig, log)).toEqual(expected);
      // More rounds, each in a journal that still holds the lives before, and each time the power fails.
      for (let more = 0; more < 3; more++) {
        expected.push(`more ${life}${more}`);
        await round(rig, directory, `more ${life}${more}`);
        rig.crash({ torn: false });
        directory = await rig.open();
        for (const log of logsOf(directory)) expect(await texts(rig, log)).toEqual(expected);
      }
    }
  });

  it('moves to the segments behind, and its files are used again', async () => {
    const rig = new StorageRig();
    const directory = await openJournalled(rig);
    for (let index = 0; index < 4; index++) await round(rig, directory, `first ${index}`);
    rig.kill();
    const reopened = await rig.open({ journalLagMs: 2000 });
    const before = await rig.until(rig.disk.list('data/journal'));
    await rig.scheduler.runFor(5000);
    expect(reopened.stats.unwrittenBytes).toBe(0);
    for (let index = 0; index < 4; index++) await round(rig, reopened, `second ${index}`);
    expect(await rig.until(rig.disk.list('data/journal'))).toEqual(before);
    await rig.until(reopened.close());
    rig.crash();
    const third = await rig.open();
    expect(third.recovery).toMatchObject({ clean: true, cut: [] });
    expect(logsOf(third).map((log) => log.endOffset)).toEqual([8, 8, 8]);
  });

  it('never continues a log that ends before it', async () => {
    const rig = new StorageRig();
    rig.settings = { journalThreshold: 1, journalLagMs: 600_000, flushIntervalMs: 1000 };
    const directory = await rig.open();
    const logs = [];
    for (const index of ALL) logs.push(await rig.create(directory, index, { ...CONFIG, flush: 'async' }));
    await rig.idle();
    // In the page cache only, then a round for the journal, of which the sync comes through, but not that of the segment.
    logs[0]?.append(makeBatch(1, { text: 'lost 0' }), { leaderEpoch: EPOCH });
    await rig.idle();
    for (const log of logs) log.append(makeBatch(1, { text: 'old 1' }), { leaderEpoch: EPOCH });
    await rig.idle();
    const hold = rig.disk.hold('syncDirectory');
    await rig.scheduler.runFor(1500);
    expect(hold.waiting).toBeGreaterThan(0);
    rig.crash({ torn: false });
    const second = await rig.open();
    const [log] = logsOf(second);
    expect(log?.endOffset).toBe(0);
    log?.append(makeBatch(1, { text: 'new 0' }), { leaderEpoch: EPOCH });
    await rig.idle();
    rig.kill();
    const third = partitionOf(await rig.open());
    expect(await texts(rig, third)).toEqual(['new 0']);
  });
});
