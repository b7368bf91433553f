import type { Offset } from '@moldau/kernel';
import { buildShardMark } from '@moldau/records';
import { describe, expect, it } from 'vitest';
import type { PartitionLog } from './partition-log.ts';
import { EPOCH, makeBatch, partitionOf, StorageRig } from './testing/storage-rig.ts';

function mark(log: PartitionLog, shardEpoch: number): void {
  log.append(buildShardMark(shardEpoch, { timestamp: 1 }), { leaderEpoch: EPOCH });
}

async function flushed(rig: StorageRig, log: PartitionLog): Promise<void> {
  await rig.scheduler.runFor(1_000);
  expect(log.flushedEnd).toBe(log.endOffset);
}

describe('the shard epoch of a log', () => {
  it('is that of its highest mark', async () => {
    const rig = new StorageRig();
    const log = await rig.create(await rig.open());
    expect(log.shardEpoch).toBe(-1);
    mark(log, 3);
    log.append(makeBatch(1), { leaderEpoch: EPOCH });
    mark(log, 5);
    expect(log.shardEpoch).toBe(5);
  });

  it('goes back with a mark that is cut off', async () => {
    const rig = new StorageRig();
    const log = await rig.create(await rig.open());
    mark(log, 3);
    mark(log, 5);
    await rig.until(log.truncateTo(1 as Offset));
    expect(log.shardEpoch).toBe(3);
  });

  it('comes back after a stop, clean or not, from segments that rolled since', async () => {
    const rig = new StorageRig();
    const directory = await rig.open();
    const log = await rig.create(directory);
    mark(log, 4);
    log.roll();
    log.append(makeBatch(2), { leaderEpoch: EPOCH });
    await flushed(rig, log);
    await rig.until(directory.close());
    const reopened = await rig.open();
    expect(partitionOf(reopened).shardEpoch).toBe(4);
    mark(partitionOf(reopened), 6);
    await flushed(rig, partitionOf(reopened));
    rig.kill();
    expect(partitionOf(await rig.open()).shardEpoch).toBe(6);
  });
});
