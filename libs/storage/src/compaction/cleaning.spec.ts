import { buildTransactionMarker, isControlAt } from '@moldau/records';
import { RecordingMeter } from '@moldau/testkit';
import { describe, expect, it } from 'vitest';
import { partitionDirectory, segmentName } from '../paths.ts';
import { commit, EAGER, fill, makeCompacted as make, PASS_MS, RETENTION_MS, SMALL } from '../testing/compacted-log.ts';
import { keyedBatch, newestOf, recordsOf } from '../testing/keyed-log.ts';
import { EPOCH, partitionOf, ROOT, StorageRig, TOPIC } from '../testing/storage-rig.ts';

describe('the cleaner', () => {
  it('keeps what duplicates are recognised by, although its records are gone and its snapshots are lost', async () => {
    const made = await make();
    const { rig, log } = made;
    for (let sequence = 0; sequence < 12; sequence++) {
      const records = [{ key: 'k', value: `value ${sequence}`.padEnd(400, '.') }];
      log.append(keyedBatch(records, { producerId: 7, producerEpoch: 1, baseSequence: sequence, timestamp: rig.process.clock.wallMs() }), {
        leaderEpoch: EPOCH,
      });
    }
    log.append(keyedBatch([{ key: 'k', value: 'the newest' }]), { leaderEpoch: EPOCH });
    log.roll();
    await commit(made);
    await rig.scheduler.runFor(PASS_MS);
    expect(await recordsOf(rig, log)).toHaveLength(1);
    const claim = (baseSequence: number) => ({ producerId: 7, producerEpoch: 1, baseSequence, lastOffsetDelta: 0 });
    rig.kill();
    const files = await rig.disk.list(partitionDirectory(ROOT, TOPIC, 0 as never));
    for (const { name } of files)
      if (name.endsWith('.snapshot')) await rig.disk.removeFile(`${partitionDirectory(ROOT, TOPIC, 0 as never)}/${name}`);
    const again = partitionOf(await rig.open());
    expect(again.checkProducer(claim(12))).toEqual({ kind: 'accept' });
    for (const sequence of [7, 11]) {
      expect(again.checkProducer(claim(sequence))).toMatchObject({ kind: 'duplicate', baseOffset: sequence });
    }
  });

  it('ends a pass early when the keys do not fit its memory, and goes on behind in the next', async () => {
    const made = await make({}, { cleanerMapBytes: 130_000 });
    const { rig, log } = made;
    const sent = await fill(made, 600, 2);
    await rig.scheduler.runFor(10 * PASS_MS);
    const after = await recordsOf(rig, log);
    expect(newestOf(after)).toEqual(newestOf(sent));
    expect(after).toHaveLength(600);
  });

  it('drops aborted records, and markers once their records are gone and their time has come', async () => {
    const made = await make({}, { producerExpirationMs: RETENTION_MS });
    const { rig, log } = made;
    const write = (producerId: number, key: string, sequence: number): void => {
      const fields = { producerId, producerEpoch: 0, baseSequence: sequence, transactional: true };
      log.append(keyedBatch([{ key, value: `of ${producerId}` }], fields), { leaderEpoch: EPOCH });
    };
    const end = (producerId: number, outcome: 'commit' | 'abort'): void => {
      const marker = buildTransactionMarker({ outcome, coordinatorEpoch: 1 }, { producerId, producerEpoch: 0, timestamp: 1000 });
      log.append(new Uint8Array(marker), { leaderEpoch: EPOCH });
    };
    write(1, 'a', 0);
    end(1, 'commit');
    write(2, 'a', 0);
    write(2, 'b', 1);
    end(2, 'abort');
    log.roll();
    write(3, 'c', 0);
    log.append(keyedBatch([{ key: 'z', value: 'z' }]), { leaderEpoch: EPOCH });
    await commit(made);
    // Sessions are forgotten, so that nothing stays for them.
    await rig.scheduler.runFor(RETENTION_MS);
    expect((await recordsOf(rig, log)).map(({ key, value }) => `${key} ${value}`)).toEqual(['a of 1', 'c of 3', 'z z']);
    // Their producers are forgotten: no header needs to stay for them, and so nothing that the abort is about.
    await rig.scheduler.runFor(RETENTION_MS);
    log.append(keyedBatch([{ key: 'z', value: 'newer' }]), { leaderEpoch: EPOCH });
    const markers = async (): Promise<number> => (await rig.readAll(log)).filter((batch) => isControlAt(batch, 0)).length;
    end(3, 'commit');
    log.roll();
    await commit(made);
    await rig.scheduler.runFor(PASS_MS);
    expect(await markers()).toBe(3);
    await rig.scheduler.runFor(RETENTION_MS);
    expect(await markers()).toBe(2);
    expect((await recordsOf(rig, log)).map(({ key, value }) => `${key} ${value}`)).toEqual(['a of 1', 'c of 3', 'z newer']);
  });

  it('counts what it did and what it can not do', async () => {
    const rig = new StorageRig();
    const meter = new RecordingMeter();
    rig.meter = meter;
    rig.settings = { tailCacheBytes: 0 };
    const directory = await rig.open();
    const log = await rig.create(directory, 0, { ...SMALL, compaction: EAGER });
    const fields = { producerId: 3, producerEpoch: 0, baseSequence: 0, transactional: true };
    log.append(keyedBatch([{ key: 'k', value: 'v' }], fields), { leaderEpoch: EPOCH });
    log.roll();
    await commit({ rig, log });
    await rig.scheduler.runFor(PASS_MS);
    expect(meter.value('moldau_storage_uncleanable_partitions', 'open-transaction')).toBe(1);
    expect(meter.value('moldau_storage_cleaner_dirty_ratio_max')).toBe(1);
  });

  it('keeps to its budget of bytes a second', async () => {
    const made = await make({}, { cleanerBytesPerSecond: 1000 });
    await fill(made, 10, 30);
    await made.rig.scheduler.runFor(20_000);
    expect((await recordsOf(made.rig, made.log)).length).toBe(300);
    await made.rig.scheduler.runFor(120_000);
    expect((await recordsOf(made.rig, made.log)).length).toBe(10);
  });

  it('gives up what is under way when the directory closes, and leaves nothing behind', async () => {
    const made = await make({}, { cleanerBytesPerSecond: 10_000 });
    await fill(made, 10, 30);
    await made.rig.scheduler.runFor(6500);
    await made.rig.until(made.directory.close());
    const files = await made.rig.disk.list(partitionDirectory(ROOT, TOPIC, 0 as never));
    expect(files.filter(({ name }) => name.endsWith('.cleaned'))).toEqual([]);
    expect(made.rig.disk.stats.openFiles).toBe(0);
    const log = partitionOf(await made.rig.open());
    await made.rig.scheduler.runFor(60_000);
    expect(await recordsOf(made.rig, log)).toHaveLength(10);
  });

  it('reports damage that it meets, and compacts nothing then', async () => {
    const made = await make();
    await fill(made, 10, 30);
    made.rig.disk.corrupt(`${partitionDirectory(ROOT, TOPIC, 0 as never)}/${segmentName(0, 'log')}`, 300, 1);
    await made.rig.scheduler.runFor(PASS_MS);
    expect(made.log.status).toMatchObject({ kind: 'corrupt', where: { offset: 3 } });
  });
});
