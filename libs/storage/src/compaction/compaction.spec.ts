import { leaderEpoch, type Offset } from '@moldau/kernel';
import { batchesIn, countAt, renewCrc } from '@moldau/records';
import { describe, expect, it } from 'vitest';
import { commit, EAGER, fill, makeCompacted as make, PASS_MS, RETENTION_MS, SMALL } from '../testing/compacted-log.ts';
import { keyedBatch, newestOf, recordsOf } from '../testing/keyed-log.ts';
import { EPOCH, partitionOf, StorageRig } from '../testing/storage-rig.ts';

describe('compaction', () => {
  it('keeps the newest record of each key, at its offset, and no other below the clean point', async () => {
    const made = await make();
    const sent = await fill(made, 10, 30);
    const { rig, log } = made;
    const before = await recordsOf(rig, log);
    const size = log.sizeBytes;
    await rig.scheduler.runFor(PASS_MS);
    const after = await recordsOf(rig, log);
    expect(after).toHaveLength(10);
    expect(after).toEqual(before.slice(-10));
    expect(newestOf(after)).toEqual(newestOf(sent));
    expect(log.sizeBytes).toBeLessThan(size / 10);
    expect([log.startOffset, log.endOffset]).toEqual([0, 300]);
    // Every offset can be read from, removed or not.
    for (let from = 0; from < 300; from += 13) {
      expect(await recordsOf(rig, log, from)).toEqual(after.filter(({ offset }) => offset >= from));
    }
  });

  it('is the same after a clean restart, a kill and a power loss', async () => {
    const made = await make();
    await fill(made, 5, 40);
    await made.rig.scheduler.runFor(PASS_MS);
    const after = await recordsOf(made.rig, made.log);
    await made.rig.until(made.directory.close());
    for (const stop of ['kill', 'crash', 'kill'] as const) {
      if (stop === 'kill') made.rig.kill();
      else made.rig.crash();
      const log = partitionOf(await made.rig.open());
      expect(log.status.kind).toBe('online');
      expect(await recordsOf(made.rig, log)).toEqual(after);
    }
  });

  it('leaves alone what is active, above the high watermark, or too young', async () => {
    const made = await make({ minLagMs: 600_000 });
    const { rig, log } = made;
    const old = rig.process.clock.wallMs() - 1_200_000;
    const add = (text: string, timestamp: number): void => {
      log.append(keyedBatch([{ key: 'k', value: text.padEnd(900, '.') }], { timestamp }), { leaderEpoch: EPOCH });
      log.roll();
    };
    add('old 1', old);
    add('old 2', old);
    add('young', rig.process.clock.wallMs());
    add('not committed', old);
    log.append(keyedBatch([{ key: 'k', value: 'active' }]), { leaderEpoch: EPOCH });
    await rig.idle();
    log.advanceHighWatermark(3 as Offset);
    await rig.scheduler.runFor(PASS_MS);
    expect((await recordsOf(rig, log)).map(({ offset }) => offset)).toEqual([1, 2, 3, 4]);
    await rig.scheduler.runFor(600_000);
    expect((await recordsOf(rig, log)).map(({ offset }) => offset)).toEqual([2, 3, 4]);
  });

  it('waits for the dirty ratio, but not longer than the maximal lag, for which active segments roll', async () => {
    const made = await make({ minDirtyRatio: 0.9, maxLagMs: 600_000 });
    const { rig, log } = made;
    await fill(made, 10, 30);
    await rig.scheduler.runFor(PASS_MS);
    expect(await recordsOf(rig, log)).toHaveLength(10);
    log.append(keyedBatch([{ key: 'k1', value: 'newer' }]), { leaderEpoch: EPOCH });
    await commit(made);
    await rig.scheduler.runFor(300_000);
    expect(await recordsOf(rig, log)).toHaveLength(11);
    await rig.scheduler.runFor(400_000);
    expect(await recordsOf(rig, log)).toHaveLength(10);
  });

  it('keeps tombstones for their retention after all older records of the key are gone, then drops them', async () => {
    const made = await make();
    const { rig, log } = made;
    await fill(made, 3, 20);
    log.append(keyedBatch([{ key: 'k1', value: null }]), { leaderEpoch: EPOCH });
    log.roll();
    await commit(made);
    await rig.scheduler.runFor(PASS_MS);
    const names = async (): Promise<string[]> =>
      (await recordsOf(rig, log)).map(({ key, value }) => `${key}${value === null ? ' gone' : ''}`);
    expect(await names()).toEqual(['k0', 'k2', 'k1 gone']);
    await rig.scheduler.runFor(RETENTION_MS - 60_000);
    expect(await names()).toEqual(['k0', 'k2', 'k1 gone']);
    await rig.scheduler.runFor(120_000);
    expect(await names()).toEqual(['k0', 'k2']);
    expect(log.endOffset).toBe(61);
  });

  it('compacts compressed batches, and leaves one that can not be read as it is', async () => {
    const made = await make();
    const { rig, log } = made;
    const value = (round: number): string => `value ${round}`.padEnd(300, '.');
    for (let round = 0; round < 20; round++) {
      const records = [1, 2, 3].map((key) => ({ key: `k${round === 7 ? key : 1}`, value: value(round) }));
      log.append(keyedBatch(records, { compression: round % 2 === 0 ? 'zstd' : 'lz4' }), { leaderEpoch: EPOCH });
    }
    const broken = keyedBatch([{ key: 'k9', value: 'x' }]);
    broken.fill(0xff, 61);
    renewCrc(broken, 0);
    log.append(new Uint8Array(broken), { leaderEpoch: EPOCH });
    log.roll();
    await commit(made);
    await rig.scheduler.runFor(PASS_MS);
    const batches = await rig.readAll(log);
    expect(Buffer.from(batches.at(-1) ?? []).subarray(61)).toEqual(Buffer.from(broken.subarray(61)));
    expect(batches.map((batch) => countAt(batch, 0)).filter((count) => count > 0)).toEqual([2, 1, 1]);
  });

  it('joins small segments, and puts fillers of one leader epoch only into one', async () => {
    const made = await make();
    const { rig, log } = made;
    for (let epoch = 1; epoch <= 3; epoch++) {
      for (let index = 0; index < 10; index++) {
        log.append(keyedBatch([{ key: 'k', value: `${index}`.padEnd(300, '.') }]), { leaderEpoch: leaderEpoch(epoch) });
      }
    }
    log.roll();
    await commit(made);
    expect(log.segmentCount).toBeGreaterThan(5);
    await rig.scheduler.runFor(PASS_MS);
    log.append(keyedBatch([{ key: 'k', value: 'last'.padEnd(300, '.') }]), { leaderEpoch: leaderEpoch(3) });
    log.roll();
    await commit(made);
    await rig.scheduler.runFor(PASS_MS);
    expect(log.segmentCount).toBeLessThan(4);
    expect((await rig.readAll(log)).map((batch) => countAt(batch, 0))).toEqual([0, 0, 0, 1]);
    expect(log.epochs.map(({ epoch, startOffset }) => [epoch, startOffset])).toEqual([
      [1, 0],
      [2, 10],
      [3, 20],
    ]);
  });

  it('finds the largest timestamp that is left, and the first record of a time', async () => {
    const made = await make();
    const { rig, log } = made;
    for (const [index, timestamp] of [5000, 9000, 3000, 7000, 4000].entries()) {
      log.append(keyedBatch([{ key: index === 1 ? 'k4' : `k${index}`, value: 'v'.padEnd(600, '.') }], { timestamp }), {
        leaderEpoch: EPOCH,
      });
    }
    log.roll();
    await commit(made);
    await rig.scheduler.runFor(PASS_MS);
    expect((await recordsOf(rig, log)).map(({ offset }) => offset)).toEqual([0, 2, 3, 4]);
    expect(await rig.until(log.maxTimestamp())).toMatchObject({ offset: 3, timestamp: 7000 });
    expect(await rig.until(log.offsetForTimestamp(5500))).toMatchObject({ offset: 3, timestamp: 7000 });
  });

  it('goes together with retention and delete-records', async () => {
    const rig = new StorageRig();
    rig.settings = { tailCacheBytes: 0 };
    const log = await rig.create(await rig.open(), 0, { ...SMALL, retentionMs: 600_000, compaction: EAGER });
    const made = { rig, log };
    for (let index = 0; index < 20; index++) {
      const timestamp = rig.process.clock.wallMs();
      log.append(keyedBatch([{ key: `k${index % 4}`, value: `${index}`.padEnd(600, '.') }], { timestamp }), { leaderEpoch: EPOCH });
    }
    log.roll();
    await commit(made);
    await rig.scheduler.runFor(PASS_MS);
    expect((await recordsOf(rig, log)).map(({ offset }) => offset)).toEqual([16, 17, 18, 19]);
    await rig.until(log.deleteRecordsBefore(18 as Offset));
    expect((await recordsOf(rig, log)).map(({ offset }) => offset)).toEqual([18, 19]);
    await rig.scheduler.runFor(700_000);
    expect([log.startOffset, log.sizeBytes]).toEqual([20, 0]);
  });

  it('a follower takes what compaction left of its leader', async () => {
    const leader = await make();
    await fill(leader, 10, 30);
    await leader.rig.scheduler.runFor(PASS_MS);
    const follower = await make();
    for (const batch of await leader.rig.readAll(leader.log)) {
      follower.log.appendAsFollower(new Uint8Array([...batchesIn(batch)].length > 0 ? batch : new Uint8Array(0)));
    }
    await commit(follower);
    expect(await recordsOf(follower.rig, follower.log)).toEqual(await recordsOf(leader.rig, leader.log));
  });
});
