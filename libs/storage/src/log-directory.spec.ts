import { brokerId, clusterId, type Offset, partitionIndex, topicId } from '@moldau/kernel';
import { describe, expect, it } from 'vitest';
import { partitionConfig } from './partition-config.ts';
import type { PartitionLog } from './partition-log.ts';
import { caught } from './testing/caught.ts';
import { EPOCH, makeBatch, partitionOf, ROOT, StorageRig, TOPIC } from './testing/storage-rig.ts';

const OTHER = topicId('00000000-0000-4000-8000-000000000002');

describe('a data directory', () => {
  it('refuses another process, cluster, broker, and a newer format', async () => {
    const rig = new StorageRig();
    const directory = await rig.open();
    expect((await caught(() => rig.open())).reason).toBe('DATA_DIRECTORY_LOCKED');
    await rig.until(directory.close());
    const other = clusterId('00000000-0000-4000-8000-00000000000d');
    expect((await caught(() => rig.open({ clusterId: other }))).reason).toBe('WRONG_CLUSTER');
    expect((await caught(() => rig.open({ brokerId: brokerId(2) }))).reason).toBe('WRONG_BROKER');
    const reopened = await rig.open();
    expect(reopened.meta).toEqual(directory.meta);
    await rig.until(reopened.close());
    rig.disk.faults.readOnly = true;
    expect((await caught(() => rig.open())).reason).toBe('DATA_DIRECTORY_UNUSABLE');
  });

  it('reopens after a clean shutdown with everything known and nothing read', async () => {
    const rig = new StorageRig();
    const directory = await rig.open();
    const log = await rig.create(directory, 0, { segmentBytes: 1000, indexIntervalBytes: 100 });
    for (let index = 0; index < 20; index++) {
      log.append(makeBatch(1, { valueBytes: 100, producerId: 5, producerEpoch: 2, baseSequence: index }), { leaderEpoch: EPOCH });
    }
    await rig.idle();
    log.advanceHighWatermark(log.endOffset);
    await rig.until(directory.close());
    expect(rig.disk.stats.openFiles).toBe(0);
    rig.kill();
    const before = rig.disk.stats.reads;
    const reopened = await rig.open();
    expect(reopened.recovery).toMatchObject({ clean: true, partitions: 1, cut: [], corrupt: [] });
    // meta.json, both checkpoints, the marker.
    expect(rig.disk.stats.reads - before).toBeLessThanOrEqual(4);
    const again = partitionOf(reopened);
    expect([again.endOffset, again.flushedEnd, again.highWatermark]).toEqual([20, 20, 20]);
    expect(again.checkProducer({ producerId: 5, producerEpoch: 2, baseSequence: 19, lastOffsetDelta: 0 })).toMatchObject({
      kind: 'duplicate',
      baseOffset: 19,
    });
    expect(again.append(makeBatch(1), { leaderEpoch: EPOCH }).baseOffset).toBe(20);
    expect(await rig.readAll(again, 19)).toHaveLength(2);
    await rig.idle();
    expect(await rig.readAll(again)).toHaveLength(21);
    rig.crash();
    const third = await rig.open();
    expect(third.recovery.clean).toBe(false);
    expect(await rig.readAll(partitionOf(third))).toHaveLength(21);
  });

  it('keeps across a power loss what was flushed to a partition that a killed process had just made', async () => {
    const rig = new StorageRig();
    const first = await rig.open();
    // The names above the partition are in the page cache only when the process is killed.
    rig.disk.hold('syncDirectory');
    const made = rig.disk.paths().length;
    void first.createPartition(TOPIC, partitionIndex(0), partitionConfig());
    await rig.idle();
    expect(rig.disk.paths().length).toBeGreaterThan(made);
    rig.kill();
    const second = await rig.open();
    partitionOf(second).append(makeBatch(3), { leaderEpoch: EPOCH });
    await rig.idle();
    expect(partitionOf(second).flushedEnd).toBe(3);
    rig.crash({ torn: false });
    const third = await rig.open();
    expect(third.recovery).toMatchObject({ partitions: 1, cut: [], corrupt: [] });
    expect(partitionOf(third).endOffset).toBe(3);
  });

  it("rebuilds the producers' state from snapshots and the log", async () => {
    const rig = new StorageRig();
    const log = await rig.create(await rig.open(), 0, { segmentBytes: 1000 });
    for (let index = 0; index < 25; index++) {
      log.append(makeBatch(1, { valueBytes: 100, producerId: 5, producerEpoch: 0, baseSequence: index }), { leaderEpoch: EPOCH });
      await rig.idle();
    }
    rig.crash();
    const again = partitionOf(await rig.open());
    const claim = { producerId: 5, producerEpoch: 0, lastOffsetDelta: 0 };
    expect(again.checkProducer({ ...claim, baseSequence: 22 })).toMatchObject({ kind: 'duplicate', baseOffset: 22 });
    expect(again.checkProducer({ ...claim, baseSequence: 25 })).toEqual({ kind: 'accept' });
    expect((await caught(() => again.checkProducer({ ...claim, baseSequence: 3 }))).reason).toBe('DUPLICATE_SEQUENCE');
    expect((await caught(() => again.checkProducer({ ...claim, baseSequence: 27 }))).reason).toBe('OUT_OF_ORDER_SEQUENCE');
  });

  it('keeps data that the metadata does not know, and deletes what it is told to', async () => {
    const rig = new StorageRig();
    const directory = await rig.open();
    const log = await rig.create(directory, 0, { fileDeleteDelayMs: 1000 });
    await rig.until(directory.createPartition(OTHER, partitionIndex(3), partitionConfig()));
    log.append(makeBatch(1), { leaderEpoch: EPOCH });
    await rig.idle();
    expect(directory.unknownPartitions(({ topicId: id }) => id === TOPIC)).toEqual([{ topicId: OTHER, partition: 3 }]);
    await rig.until(directory.deletePartition(TOPIC, partitionIndex(0)));
    expect(directory.partition(TOPIC, partitionIndex(0))).toBeUndefined();
    expect(log.status.kind).toBe('closed');
    rig.crash();
    const reopened = await rig.open();
    expect([...reopened.partitions()].map((each) => each.partition)).toEqual([3]);
    const fresh = await rig.create(reopened);
    expect(fresh.endOffset).toBe(0);
  });

  it('lets a log begin anew where it is told, also after a crash', async () => {
    const rig = new StorageRig();
    const directory = await rig.open();
    const log = await rig.create(directory);
    log.append(makeBatch(3), { leaderEpoch: EPOCH });
    await rig.idle();
    const anew = await rig.until(directory.beginAnew(TOPIC, partitionIndex(0), partitionConfig(), 100 as Offset));
    expect([log.status.kind, anew.startOffset, anew.highWatermark, anew.flushedEnd, anew.endOffset]).toEqual([
      'closed',
      100,
      100,
      100,
      100,
    ]);
    rig.crash();
    const again = partitionOf(await rig.open());
    expect([again.startOffset, again.endOffset]).toEqual([100, 100]);
    again.append(makeBatch(2), { leaderEpoch: EPOCH });
    await rig.idle();
    rig.crash();
    const last = partitionOf(await rig.open());
    expect([last.startOffset, last.endOffset, (await rig.readAll(last)).length]).toEqual([100, 102, 1]);
  });

  it('leaves no directory of a topic without partitions, and none is missing when one is made at once', async () => {
    const rig = new StorageRig();
    const directory = await rig.open();
    const topics = async (): Promise<string[]> => (await rig.until(rig.disk.list(`${ROOT}/topics`))).map(({ name }) => name);
    const deleteBoth = (): Promise<unknown> => Promise.all([0, 1].map((index) => directory.deletePartition(TOPIC, partitionIndex(index))));
    await rig.create(directory, 0, { fileDeleteDelayMs: 1000 });
    await rig.create(directory, 1, { fileDeleteDelayMs: 1000 });
    await rig.until(deleteBoth());
    expect(await topics()).toEqual([TOPIC]);
    await rig.scheduler.runFor(1500);
    expect(await topics()).toEqual([]);
    // Made again while the directory is being looked at, and removed.
    for (const operation of ['list', 'removeTree', 'makeDirectory'] as const) {
      await rig.create(directory, 0, { fileDeleteDelayMs: 1000 });
      await rig.until(directory.deletePartition(TOPIC, partitionIndex(0)));
      const hold = rig.disk.hold(operation);
      const config = partitionConfig({ fileDeleteDelayMs: 1000 });
      const make = (): Promise<PartitionLog> => directory.createPartition(TOPIC, partitionIndex(1), config);
      const early = operation === 'makeDirectory' ? make() : undefined;
      await rig.scheduler.runFor(1500);
      expect(hold.waiting).toBeGreaterThan(0);
      const creating = early ?? make();
      await rig.scheduler.runFor(10);
      hold.release();
      const log = await rig.until(creating);
      log.append(makeBatch(1), { leaderEpoch: EPOCH });
      await rig.scheduler.runFor(5000);
      expect([await topics(), log.flushedEnd]).toEqual([[TOPIC], 1]);
      await rig.until(directory.deletePartition(TOPIC, partitionIndex(1)));
      await rig.scheduler.runFor(1500);
      expect(await topics()).toEqual([]);
    }
    // Left by a crash, it goes at the next start.
    await rig.create(directory, 0);
    await rig.until(directory.deletePartition(TOPIC, partitionIndex(0)));
    rig.kill();
    await rig.open();
    expect(await topics()).toEqual([]);
  });

  it('syncs two directories and a file for each partition made, and shares the syncs above', async () => {
    const rig = new StorageRig();
    const directory = await rig.open();
    const count = 1000;
    const before = { ...rig.disk.stats };
    for (let from = 0; from < count; from += 32) {
      const some = Array.from({ length: Math.min(32, count - from) }, (_, index) => partitionIndex(from + index));
      await rig.until(Promise.all(some.map((index) => directory.createPartition(TOPIC, index, partitionConfig()))));
    }
    const journalFiles = 1;
    expect(rig.disk.stats.syncs - before.syncs).toBeLessThanOrEqual(count + journalFiles);
    // Their own directories, some of the topic's, one of all topics', one of the journal's.
    expect(rig.disk.stats.directorySyncs - before.directorySyncs).toBeLessThan(1.1 * count);
    rig.crash({ torn: false });
    expect((await rig.open()).recovery.partitions).toBe(count);
  });

  it("does not take a deleted log's journal or high watermark for its successor's", async () => {
    const rig = new StorageRig();
    const directory = await rig.open({ journalThreshold: 1 });
    const logs = [await rig.create(directory, 0), await rig.create(directory, 1)];
    for (let round = 0; round < 4; round++) {
      for (const log of logs) log.append(makeBatch(2), { leaderEpoch: EPOCH });
      await rig.idle();
    }
    for (const log of logs) log.advanceHighWatermark(log.endOffset);
    await rig.until(directory.deletePartition(TOPIC, partitionIndex(0)));
    const fresh = await rig.create(directory);
    fresh.append(makeBatch(1), { leaderEpoch: EPOCH });
    await rig.idle();
    rig.crash();
    const reopened = await rig.open();
    expect([partitionOf(reopened, 0).endOffset, partitionOf(reopened, 1).endOffset]).toEqual([1, 8]);
  });

  it('does not bring back truncated batches from the journal', async () => {
    const rig = new StorageRig();
    const directory = await rig.open({ journalThreshold: 1 });
    const logs = [await rig.create(directory, 0), await rig.create(directory, 1)];
    for (let round = 0; round < 10; round++) {
      for (const log of logs) log.append(makeBatch(1, { text: `old ${round}` }), { leaderEpoch: EPOCH });
      await rig.idle();
    }
    const [log] = logs;
    await rig.until(log?.truncateTo(5 as Offset) ?? Promise.resolve());
    log?.append(makeBatch(1, { text: 'new' }), { leaderEpoch: EPOCH });
    await rig.idle();
    expect(log?.flushedEnd).toBe(6);
    rig.kill();
    const again = partitionOf(await rig.open());
    expect(again.endOffset).toBe(6);
    expect(Buffer.from((await rig.readAll(again)).at(-1) ?? []).includes('new')).toBe(true);
  });

  it('reports a partition whose directory has vanished as damaged, not as new', async () => {
    const rig = new StorageRig();
    const log = await rig.create(await rig.open());
    log.append(makeBatch(1), { leaderEpoch: EPOCH });
    await rig.idle();
    log.advanceHighWatermark(log.endOffset);
    await rig.scheduler.runFor(1500);
    rig.kill();
    await rig.disk.removeTree(`${ROOT}/topics/${TOPIC}/0`);
    const directory = await rig.open();
    expect(partitionOf(directory).status).toMatchObject({ kind: 'corrupt' });
    expect((await caught(() => rig.create(directory))).reason).toBe('PARTITION_OFFLINE');
  });

  it('has 10,000 partitions open with a few descriptors, and comes back with them', async () => {
    const rig = new StorageRig();
    rig.disk.maxOpenFiles = 100;
    rig.settings = { openFilesMax: 64, journalFileBytes: 8 * 1024 * 1024 };
    const directory = await rig.open();
    const count = 10_000;
    const all = Array.from({ length: count }, (_, index) => index);
    const config = partitionConfig({ flush: 'sync' });
    for (let from = 0; from < count; from += 20) {
      const some = all.slice(from, from + 20);
      await rig.until(Promise.all(some.map((index) => directory.createPartition(TOPIC, partitionIndex(index), config))));
    }
    for (let round = 0; round < 2; round++) {
      for (const index of all) partitionOf(directory, index).append(makeBatch(1), { leaderEpoch: EPOCH });
      await rig.idle();
    }
    expect(all.every((index) => partitionOf(directory, index).flushedEnd === 2)).toBe(true);
    expect(rig.disk.stats.closedDirty).toBe(0);
    rig.crash();
    const reopened = await rig.open();
    expect(all.every((index) => partitionOf(reopened, index).endOffset === 2)).toBe(true);
    await rig.until(reopened.close());
    rig.kill();
    const third = await rig.open();
    expect(third.recovery).toMatchObject({ clean: true, partitions: count });
  }, 120_000);
});
