import { describe, expect, it } from 'vitest';
import { EPOCH, makeBatch, StorageRig } from './testing/storage-rig.ts';

const BATCH = makeBatch(1, { valueBytes: 1000 });
const DAY_MS = 86_400_000;

describe('settings that change while the directory is open', () => {
  it('tailCacheBytes: less is obeyed over some turns, more from the next append on', async () => {
    const rig = new StorageRig();
    const directory = await rig.open({ tailCacheBytes: 8 * 1024 * 1024 });
    const log = await rig.create(directory);
    const fill = async (): Promise<void> => {
      for (let index = 0; index < 4000; index++) log.append(new Uint8Array(BATCH), { leaderEpoch: EPOCH });
      await rig.idle();
    };
    await fill();
    expect(directory.stats.tailBytes).toBeGreaterThan(4_000_000);
    directory.reconfigure({ tailCacheBytes: 10_000 });
    expect(directory.stats.tailBytes).toBeGreaterThan(2_500_000);
    await rig.idle();
    expect(directory.stats.tailBytes).toBeLessThanOrEqual(10_000);
    directory.reconfigure({ tailCacheBytes: 2 * 1024 * 1024 });
    await fill();
    expect(directory.stats.tailBytes).toBeGreaterThan(1_900_000);
    expect(directory.stats.tailBytes).toBeLessThanOrEqual(2 * 1024 * 1024);
  });

  it('scrubPeriodMs: from never to a day, and back', async () => {
    const rig = new StorageRig();
    const directory = await rig.open({ scrubPeriodMs: 0, tailCacheBytes: 0 });
    const log = await rig.create(directory);
    log.append(new Uint8Array(BATCH), { leaderEpoch: EPOCH });
    await rig.idle();
    const readsIn = async (ms: number): Promise<number> => {
      const before = rig.disk.stats.reads;
      await rig.scheduler.runFor(ms);
      return rig.disk.stats.reads - before;
    };
    expect(await readsIn(60_000)).toBe(0);
    directory.reconfigure({ scrubPeriodMs: DAY_MS });
    expect(await readsIn(60_000)).toBeGreaterThan(0);
    directory.reconfigure({ scrubPeriodMs: 0 });
    await rig.scheduler.runFor(2000);
    expect(await readsIn(60_000)).toBe(0);
  });
});
