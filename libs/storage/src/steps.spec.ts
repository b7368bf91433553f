import { partitionIndex } from '@moldau/kernel';
import { describe, expect, it } from 'vitest';
import type { LogDirectory } from './log-directory.ts';
import { partitionConfig } from './partition-config.ts';
import { inSteps, PARTITIONS_PER_STEP } from './steps.ts';
import { EPOCH, makeBatch, StorageRig, TOPIC } from './testing/storage-rig.ts';

const PARTITIONS = 2100;
const STEPS = Math.floor(PARTITIONS / PARTITIONS_PER_STEP);

/** Turns of the event loop that storage asks for while `work` runs. */
async function turnsOf(rig: StorageRig, work: () => Promise<unknown>): Promise<number> {
  const { scheduler } = rig.process;
  const nextTurn = scheduler.nextTurn.bind(scheduler);
  let turns = 0;
  scheduler.nextTurn = (task) => {
    turns += 1;
    nextTurn(task);
  };
  await work();
  scheduler.nextTurn = nextTurn;
  return turns;
}

async function many(rig: StorageRig): Promise<LogDirectory> {
  rig.settings = { journalFileBytes: 1024 * 1024 };
  const directory = await rig.open();
  for (let from = 0; from < PARTITIONS; from += 100) {
    const some = Array.from({ length: 100 }, (_, index) => partitionIndex(from + index));
    await rig.until(Promise.all(some.map((index) => directory.createPartition(TOPIC, index, partitionConfig()))));
  }
  return directory;
}

async function appendToAll(rig: StorageRig, directory: LogDirectory): Promise<void> {
  for (const log of directory.partitions()) log.append(makeBatch(1), { leaderEpoch: EPOCH });
  await rig.idle();
  for (const log of directory.partitions()) log.advanceHighWatermark(log.flushedEnd);
}

describe('long work', () => {
  it('is done in order, so many items in one step', async () => {
    const rig = new StorageRig();
    const done: number[] = [];
    const turns = await turnsOf(rig, () => rig.until(inSteps(rig.process.scheduler, [1, 2, 3, 4, 5], (item) => done.push(item), 2)));
    expect([done, turns]).toEqual([[1, 2, 3, 4, 5], 2]);
  });

  it('over many partitions yields to the event loop: checkpoint, close, both ways to open', async () => {
    const rig = new StorageRig();
    const directory = await many(rig);
    await appendToAll(rig, directory);
    expect(await turnsOf(rig, () => rig.scheduler.runFor(1000))).toBeGreaterThanOrEqual(STEPS);
    // Sealing, checkpoint, marker, closing.
    expect(await turnsOf(rig, () => rig.until(directory.close()))).toBeGreaterThanOrEqual(4 * STEPS);
    rig.kill();
    // Checkpoint read, marker read, checkpoint written.
    let reopened: LogDirectory | undefined;
    const opening = async (): Promise<void> => {
      reopened = await rig.open();
    };
    expect(await turnsOf(rig, opening)).toBeGreaterThanOrEqual(3 * STEPS);
    expect(reopened?.recovery).toMatchObject({ clean: true, partitions: PARTITIONS });
    if (reopened !== undefined) await appendToAll(rig, reopened);
    rig.kill();
    // Checkpoint and journal read, every log scanned, checkpoint written.
    expect(await turnsOf(rig, opening)).toBeGreaterThanOrEqual(3 * STEPS);
    expect([...(reopened?.partitions() ?? [])].every((log) => log.endOffset === 2)).toBe(true);
  }, 60_000);

  it('of one round of group commit is bounded: more partitions share more rounds', async () => {
    const rig = new StorageRig();
    const directory = await many(rig);
    await appendToAll(rig, directory);
    const hold = rig.disk.hold('sync');
    for (const log of directory.partitions()) log.append(makeBatch(1), { leaderEpoch: EPOCH });
    await rig.scheduler.runFor(1);
    hold.release();
    const { syncs } = rig.disk.stats;
    await rig.idle();
    expect(rig.disk.stats.syncs - syncs).toBe(3);
    expect([...directory.partitions()].every((log) => log.flushedEnd === 2)).toBe(true);
  }, 60_000);
});
