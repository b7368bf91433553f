import type { Offset } from '@moldau/kernel';
import { describe, expect, it } from 'vitest';
import { caught } from './testing/caught.ts';
import { EPOCH, makeBatch, partitionOf, StorageRig } from './testing/storage-rig.ts';

const at = (value: number): Offset => value as Offset;
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('a partition log', () => {
  it('gives dense offsets at once and tells when they are flushed', async () => {
    const rig = new StorageRig();
    const log = await rig.create(await rig.open());
    const progress: number[] = [];
    log.onProgress = (changed) => progress.push(changed.flushedEnd);
    expect(log.append(makeBatch(3), { leaderEpoch: EPOCH })).toEqual({ baseOffset: 0, lastOffset: 2, end: 3 });
    expect(log.append(makeBatch(2), { leaderEpoch: EPOCH })).toEqual({ baseOffset: 3, lastOffset: 4, end: 5 });
    expect([log.writtenEnd, log.flushedEnd]).toEqual([0, 0]);
    await rig.idle();
    expect([log.writtenEnd, log.flushedEnd]).toEqual([5, 5]);
    expect(progress.at(-1)).toBe(5);
    expect(rig.disk.stats.closedDirty).toBe(0);
  });

  it('takes several batches in one buffer', async () => {
    const rig = new StorageRig();
    const log = await rig.create(await rig.open());
    const both = Buffer.concat([makeBatch(2), makeBatch(5)]);
    expect(log.append(both, { leaderEpoch: EPOCH }).end).toBe(7);
    expect(await rig.readAll(log)).toHaveLength(2);
  });

  it('reads recent batches from memory at once and older ones from disk', async () => {
    const rig = new StorageRig();
    const log = await rig.create(await rig.open({ tailCacheBytes: 1000 }));
    for (let index = 0; index < 20; index++) log.append(makeBatch(1, { valueBytes: 100, text: `r${index}` }), { leaderEpoch: EPOCH });
    await rig.idle();
    log.append(makeBatch(1, { valueBytes: 100, text: 'last' }), { leaderEpoch: EPOCH });
    const recent = log.read(at(20), { maxBytes: 1000, upTo: log.endOffset });
    expect(recent).toMatchObject({ source: 'tail', nextOffset: 21 });
    const old = log.read(at(0), { maxBytes: 1000, upTo: log.endOffset });
    expect(old).toBeInstanceOf(Promise);
    expect(await rig.until(Promise.resolve(old))).toMatchObject({ source: 'disk' });
    expect(await rig.readAll(log)).toHaveLength(21);
  });

  it('uses the memory of a read again once it is released, and never before', async () => {
    const rig = new StorageRig();
    const log = await rig.create(await rig.open({ tailCacheBytes: 0 }));
    for (const text of ['one', 'two', 'three']) log.append(makeBatch(1, { text }), { leaderEpoch: EPOCH });
    await rig.idle();
    const read = (from: number) => rig.until(Promise.resolve(log.read(at(from), { maxBytes: 1, upTo: log.endOffset })));
    const kept = await read(0);
    const keptBytes = Buffer.concat(kept.batches);
    const released = await read(1);
    released.release();
    const third = await read(2);
    expect(third.batches[0]?.buffer).toBe(released.batches[0]?.buffer);
    expect(third.batches[0]?.buffer).not.toBe(kept.batches[0]?.buffer);
    expect(Buffer.concat(kept.batches)).toEqual(keptBytes);
  });

  it('returns one batch whole even when it is larger than asked for', async () => {
    const rig = new StorageRig();
    const log = await rig.create(await rig.open({ tailCacheBytes: 0 }));
    log.append(makeBatch(1, { valueBytes: 50_000 }), { leaderEpoch: EPOCH });
    log.append(makeBatch(1), { leaderEpoch: EPOCH });
    await rig.idle();
    const found = await rig.until(Promise.resolve(log.read(at(0), { maxBytes: 1, upTo: log.endOffset })));
    expect(found).toMatchObject({ nextOffset: 1, source: 'disk' });
    expect(found.batches[0]?.length).toBeGreaterThan(50_000);
  });

  it('serves nothing at or above the limit and refuses what is outside the log', async () => {
    const rig = new StorageRig();
    const log = await rig.create(await rig.open());
    log.append(makeBatch(3), { leaderEpoch: EPOCH });
    log.append(makeBatch(3), { leaderEpoch: EPOCH });
    await rig.idle();
    expect(log.read(at(0), { maxBytes: 9999, upTo: at(3) })).toMatchObject({ nextOffset: 3 });
    expect(log.read(at(4), { maxBytes: 9999, upTo: at(3) })).toMatchObject({ batches: [], nextOffset: 4 });
    const error = await caught(() => log.read(at(7), { maxBytes: 9999, upTo: at(6) }));
    expect(error.reason).toBe('OFFSET_OUT_OF_RANGE');
    expect(error.facts).toMatchObject({ first: '0', last: '6' });
  });

  it('rolls by size and reads across segments', async () => {
    const rig = new StorageRig();
    const log = await rig.create(await rig.open({ tailCacheBytes: 0 }), 0, { segmentBytes: 1000, indexIntervalBytes: 200 });
    const sent: string[] = [];
    for (let index = 0; index < 40; index++) {
      const batch = makeBatch(2, { text: `record ${index}` });
      log.append(batch, { leaderEpoch: EPOCH });
      sent.push(hex(batch));
      if (index % 7 === 0) await rig.idle();
    }
    await rig.idle();
    expect(log.segmentCount).toBeGreaterThan(4);
    expect((await rig.readAll(log)).map(hex)).toEqual(sent);
    expect((await rig.readAll(log, 41)).length).toBe(20);
  });

  it('finds records by timestamp, also within compressed batches', async () => {
    const rig = new StorageRig();
    const log = await rig.create(await rig.open({ tailCacheBytes: 0 }), 0, { segmentBytes: 2000, indexIntervalBytes: 100 });
    for (let index = 0; index < 30; index++) {
      log.append(makeBatch(10, { timestamp: index * 100, compression: index % 2 === 0 ? 'none' : 'gzip' }), { leaderEpoch: EPOCH });
    }
    await rig.idle();
    log.advanceHighWatermark(log.endOffset);
    expect(await rig.until(log.offsetForTimestamp(0))).toEqual({ offset: 0, timestamp: 0, leaderEpoch: 1 });
    expect(await rig.until(log.offsetForTimestamp(1505))).toEqual({ offset: 155, timestamp: 1505, leaderEpoch: 1 });
    expect(await rig.until(log.offsetForTimestamp(1550))).toEqual({ offset: 160, timestamp: 1600, leaderEpoch: 1 });
    expect(await rig.until(log.offsetForTimestamp(99_999))).toBeUndefined();
    expect(await rig.until(log.maxTimestamp())).toEqual({ offset: 299, timestamp: 2909, leaderEpoch: 1 });
  });

  it('truncates into a sealed segment, and refuses below the high watermark', async () => {
    const rig = new StorageRig();
    const log = await rig.create(await rig.open(), 0, { segmentBytes: 1000 });
    for (let index = 0; index < 40; index++) log.append(makeBatch(2, { text: `a${index}` }), { leaderEpoch: EPOCH });
    await rig.idle();
    log.advanceHighWatermark(at(10));
    expect((await caught(() => rig.until(log.truncateTo(at(8))))).reason).toBe('LOSS_NOT_ACCEPTED');
    await rig.until(log.truncateTo(at(12)));
    expect([log.endOffset, log.flushedEnd]).toEqual([12, 12]);
    expect(log.append(makeBatch(1, { text: 'new' }), { leaderEpoch: EPOCH }).baseOffset).toBe(12);
    await rig.idle();
    expect(await rig.readAll(log)).toHaveLength(7);
    await rig.until(log.truncateTo(at(4), { acceptLoss: true }));
    expect([log.endOffset, log.highWatermark]).toEqual([4, 4]);
  });

  it('moves its start, durably, and frees segments', async () => {
    const rig = new StorageRig();
    let directory = await rig.open();
    let log = await rig.create(directory, 0, { segmentBytes: 1000, fileDeleteDelayMs: 1000 });
    for (let index = 0; index < 40; index++) log.append(makeBatch(2), { leaderEpoch: EPOCH });
    await rig.idle();
    const before = log.segmentCount;
    expect((await caught(() => rig.until(log.deleteRecordsBefore(at(30))))).reason).toBe('OFFSET_OUT_OF_RANGE');
    log.advanceHighWatermark(log.endOffset);
    await rig.until(log.deleteRecordsBefore(at(50)));
    expect(log.startOffset).toBe(50);
    expect(log.segmentCount).toBeLessThan(before);
    expect((await caught(() => log.read(at(49), { maxBytes: 1, upTo: log.endOffset }))).reason).toBe('OFFSET_OUT_OF_RANGE');
    rig.crash();
    directory = await rig.open();
    log = partitionOf(directory);
    expect(log.startOffset).toBe(50);
    expect((await rig.readAll(log)).length).toBe(15);
    await rig.scheduler.runFor(20_000);
    await rig.until(log.deleteRecordsBefore(log.highWatermark));
  });

  it('rolls and deletes idle segments by time', async () => {
    const rig = new StorageRig();
    const log = await rig.create(await rig.open(), 0, { segmentMs: 60_000, retentionMs: 120_000, fileDeleteDelayMs: 0 });
    log.append(makeBatch(3, { timestamp: rig.process.clock.wallMs() }), { leaderEpoch: EPOCH });
    await rig.idle();
    log.advanceHighWatermark(at(3));
    await rig.scheduler.runFor(80_000);
    expect([log.segmentCount, log.startOffset]).toEqual([2, 0]);
    await rig.scheduler.runFor(80_000);
    expect([log.segmentCount, log.startOffset, log.endOffset]).toEqual([1, 3, 3]);
  });

  it('deletes the oldest segments beyond retention.bytes', async () => {
    const rig = new StorageRig();
    const log = await rig.create(await rig.open(), 0, { segmentBytes: 1000, retentionBytes: 3000, retentionMs: -1 });
    for (let index = 0; index < 60; index++) log.append(makeBatch(2), { leaderEpoch: EPOCH });
    await rig.idle();
    log.advanceHighWatermark(log.endOffset);
    await rig.scheduler.runFor(15_000);
    expect(log.sizeBytes).toBeLessThanOrEqual(4000);
    expect(log.sizeBytes).toBeGreaterThanOrEqual(3000);
  });

  it('knows its leader epochs, also after a crash', async () => {
    const rig = new StorageRig();
    let log = await rig.create(await rig.open(), 0, { segmentBytes: 500 });
    for (const epoch of [1, 1, 3, 3, 4]) {
      for (let index = 0; index < 5; index++) log.append(makeBatch(1), { leaderEpoch: epoch as typeof EPOCH });
      await rig.idle();
    }
    const expected = [
      { epoch: 1, startOffset: 0 },
      { epoch: 3, startOffset: 10 },
      { epoch: 4, startOffset: 20 },
    ];
    expect(log.epochs).toEqual(expected);
    expect(log.endOffsetFor(2 as typeof EPOCH)).toEqual({ epoch: 1, endOffset: 10 });
    rig.crash();
    log = partitionOf(await rig.open());
    expect(log.epochs).toEqual(expected);
  });

  it("takes a follower's batches as they are and refuses a gap", async () => {
    const rig = new StorageRig();
    const directory = await rig.open();
    const leader = await rig.create(directory, 0);
    const follower = await rig.create(directory, 1);
    leader.append(makeBatch(2), { leaderEpoch: EPOCH });
    leader.append(makeBatch(2), { leaderEpoch: EPOCH });
    const batches = await rig.readAll(leader);
    expect((await caught(() => follower.appendAsFollower(new Uint8Array(batches[1] ?? [])))).reason).toBe('CORRUPT_BATCH');
    follower.appendAsFollower(Buffer.concat(batches));
    expect((await rig.readAll(follower)).map(hex)).toEqual(batches.map(hex));
  });
});
