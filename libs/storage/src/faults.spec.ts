import type { Offset } from '@moldau/kernel';
import { describe, expect, it } from 'vitest';
import type { Progress } from './partition-state.ts';
import { caught } from './testing/caught.ts';
import { EPOCH, makeBatch, partitionOf, StorageRig } from './testing/storage-rig.ts';

const at = (value: number): Offset => value as Offset;

describe('a failed sync', () => {
  it('takes the directory offline, is never retried, and leaves what was flushed readable', async () => {
    const rig = new StorageRig();
    const reasons: string[] = [];
    const directory = await rig.open({ onOffline: (reason) => reasons.push(reason) });
    const log = await rig.create(directory);
    const seen: Progress[] = [];
    log.onProgress = (_log, progress) => seen.push(progress);
    log.append(makeBatch(2), { leaderEpoch: EPOCH });
    await rig.idle();
    rig.disk.faults.inject({ operation: 'sync', path: '.log' });
    log.append(makeBatch(2), { leaderEpoch: EPOCH });
    await rig.idle();
    const { syncs } = rig.disk.stats;
    expect([log.writtenEnd, log.flushedEnd, log.status.kind]).toEqual([4, 2, 'offline']);
    expect(seen.at(-1)).toMatchObject({ kind: 'failed', error: { reason: 'LOG_DIRECTORY_FAILED_AFTER_APPEND' } });
    expect(directory.condition.kind).toBe('offline');
    expect(reasons).toHaveLength(1);
    expect((await caught(() => log.append(makeBatch(1), { leaderEpoch: EPOCH }))).reason).toBe('LOG_DIRECTORY_OFFLINE');
    expect(log.read(at(0), { maxBytes: 9999, upTo: at(4) })).toMatchObject({ nextOffset: 2 });
    await rig.scheduler.runFor(60_000);
    expect(rig.disk.stats.syncs).toBe(syncs);
    await rig.until(directory.close());
    rig.crash();
    const reopened = partitionOf(await rig.open());
    expect(reopened.endOffset).toBe(2);
  });

  it('of the journal takes the directory offline too', async () => {
    const rig = new StorageRig();
    const directory = await rig.open({ journalThreshold: 1 });
    const logs = [await rig.create(directory, 0), await rig.create(directory, 1)];
    const appendAll = async (): Promise<void> => {
      for (const log of logs) log.append(makeBatch(1), { leaderEpoch: EPOCH });
      await rig.idle();
    };
    await appendAll();
    rig.disk.faults.inject({ operation: 'sync', path: '.journal' });
    await appendAll();
    expect(logs.map((log) => [log.flushedEnd, log.status.kind])).toEqual([
      [1, 'offline'],
      [1, 'offline'],
    ]);
  });
});

describe('a full disk', () => {
  it('takes back what was not written, refuses appends, serves reads, and goes on by itself', async () => {
    const rig = new StorageRig();
    const directory = await rig.open();
    const log = await rig.create(directory);
    const seen: Progress[] = [];
    log.onProgress = (_log, progress) => seen.push(progress);
    const first = makeBatch(1, { producerId: 7, producerEpoch: 0, baseSequence: 0 });
    log.append(first, { leaderEpoch: EPOCH });
    await rig.idle();
    const { totalBytes, freeBytes } = await rig.until(rig.disk.space('data'));
    rig.disk.capacityBytes = totalBytes - freeBytes + 150;
    for (const baseSequence of [1, 2]) {
      log.append(makeBatch(1, { valueBytes: 100, producerId: 7, producerEpoch: 0, baseSequence }), { leaderEpoch: EPOCH });
    }
    await rig.idle();
    expect(seen.at(-1)).toMatchObject({
      kind: 'dropped',
      from: 1,
      to: 3,
      error: { reason: 'DISK_FULL', certainty: 'definite', retriable: true },
    });
    expect([log.endOffset, log.writtenEnd, log.flushedEnd]).toEqual([1, 1, 1]);
    expect((await caught(() => log.append(makeBatch(1), { leaderEpoch: EPOCH }))).reason).toBe('DISK_FULL');
    expect(await rig.readAll(log)).toHaveLength(1);
    expect(rig.disk.contents(`data/topics/${log.topicId}/0/${'0'.repeat(20)}.log`)).toEqual(first);
    rig.disk.capacityBytes = totalBytes;
    await rig.scheduler.runFor(2000);
    expect(directory.condition.kind).toBe('online');
    // The producers' sequences are those of the log, not of what was taken back.
    const claim = { producerId: 7, producerEpoch: 0, baseSequence: 1, lastOffsetDelta: 0 };
    expect(log.checkProducer(claim)).toEqual({ kind: 'accept' });
    expect(log.append(makeBatch(1), { leaderEpoch: EPOCH }).baseOffset).toBe(1);
    await rig.idle();
    expect(log.flushedEnd).toBe(2);
    rig.crash();
    expect(await rig.readAll(partitionOf(await rig.open()))).toHaveLength(2);
  });

  it('refuses appends before it is full, below the space to keep free', async () => {
    const rig = new StorageRig();
    const directory = await rig.open({ keepFreeBytes: 1000 });
    const log = await rig.create(directory);
    const total = rig.disk.capacityBytes;
    const { freeBytes } = await rig.until(rig.disk.space('data'));
    rig.disk.capacityBytes = total - freeBytes + 900;
    await rig.scheduler.runFor(1500);
    expect((await caught(() => log.append(makeBatch(1), { leaderEpoch: EPOCH }))).reason).toBe('DISK_FULL');
    rig.disk.capacityBytes = total;
    await rig.scheduler.runFor(1500);
    expect(log.append(makeBatch(1), { leaderEpoch: EPOCH }).baseOffset).toBe(0);
  });

  it('survives running full in the middle of anything, many times', async () => {
    let refused = 0;
    for (let seed = 1; seed <= 40; seed++) {
      const rig = new StorageRig(seed);
      rig.settings = {
        journalThreshold: seed % 2 === 0 ? 2 : 8,
        journalFileBytes: 16 * 1024,
        journalLagMs: 2000,
        keepFreeBytes: seed % 3 === 0 ? 2000 : 0,
      };
      const directory = await rig.open();
      const config = { segmentBytes: 3000, indexIntervalBytes: 100 };
      const logs = [];
      for (const index of [0, 1, 2, 3]) logs.push(await rig.create(directory, index, config));
      const total = rig.disk.capacityBytes;
      for (let round = 0; round < 30; round++) {
        const { freeBytes } = await rig.until(rig.disk.space('data'));
        const used = rig.disk.capacityBytes - freeBytes;
        if (round % 5 === 2) rig.disk.capacityBytes = used + rig.random.below(4000);
        if (round % 5 === 4) rig.disk.capacityBytes = total;
        for (const log of logs) {
          try {
            log.append(makeBatch(2, { valueBytes: 150 }), { leaderEpoch: EPOCH });
          } catch {
            refused += 1;
          }
        }
        await rig.scheduler.runFor(1500);
      }
      rig.disk.capacityBytes = total;
      await rig.scheduler.runFor(30_000);
      expect(directory.condition.kind).toBe('online');
      const ends = logs.map((log) => [log.endOffset, log.flushedEnd, log.status.kind]);
      expect(ends).toEqual(logs.map((log) => [log.endOffset, log.endOffset, 'online']));
      for (const log of logs) expect(await rig.readAll(log)).toHaveLength(log.endOffset / 2);
      rig.crash();
      const reopened = await rig.open();
      expect(logs.map((log, index) => partitionOf(reopened, index).endOffset - log.endOffset)).toEqual([0, 0, 0, 0]);
    }
    expect(refused).toBeGreaterThan(40);
  }, 30_000);
});
