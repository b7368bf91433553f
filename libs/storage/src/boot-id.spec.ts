import type { SimDisk } from '@moldau/testkit';
import { describe, expect, it } from 'vitest';
import { EPOCH, makeBatch, StorageRig } from './testing/storage-rig.ts';

const PATH = '/proc/sys/kernel/random';

/** The machine of this disk has been started: another boot, whatever was there before. */
async function boot(disk: SimDisk, id: string): Promise<void> {
  await disk.makeDirectory(PATH);
  if ((await disk.stat(`${PATH}/boot_id`)) !== undefined) await disk.removeFile(`${PATH}/boot_id`);
  const file = await disk.open(`${PATH}/boot_id`, 'create');
  await file.write([Buffer.from(`${id}\n`)], 0);
  await file.close();
}

async function appended(rig: StorageRig): Promise<void> {
  const directory = await rig.open();
  const [existing] = directory.partitions();
  const log = existing ?? (await rig.create(directory, 0, { flush: 'async' }));
  log.append(makeBatch(1), { leaderEpoch: EPOCH });
  await rig.idle();
}

describe('a data directory that is opened again', () => {
  it('knows a kill of its process, after which all that was written is there, from a power loss', async () => {
    const rig = new StorageRig();
    await boot(rig.disk, 'one');
    await appended(rig);
    rig.kill();
    expect((await rig.open()).recovery).toMatchObject({ clean: false, keptWritten: true });
    rig.crash();
    await boot(rig.disk, 'two');
    expect((await rig.open()).recovery).toMatchObject({ clean: false, keptWritten: false });
    rig.kill();
    expect((await rig.open()).recovery).toMatchObject({ clean: false, keptWritten: true });
  });

  it('takes any stop for a power loss where the machine does not say', async () => {
    const rig = new StorageRig();
    await appended(rig);
    rig.kill();
    expect((await rig.open()).recovery.keptWritten).toBe(false);
  });

  it('takes a kill for a power loss after a failed flush: the page cache may show what the disk lacks', async () => {
    const rig = new StorageRig();
    await boot(rig.disk, 'one');
    await appended(rig);
    rig.disk.faults.inject({ operation: 'sync', kind: 'io', path: '.log' });
    await rig.scheduler.runFor(2_000);
    rig.kill();
    expect((await rig.open()).recovery.keptWritten).toBe(false);
  });

  it('opens on a full disk, too', async () => {
    const rig = new StorageRig();
    await boot(rig.disk, 'one');
    await appended(rig);
    rig.kill();
    await boot(rig.disk, 'two');
    rig.disk.faults.inject({ operation: 'write', kind: 'no-space', path: 'boot-id' });
    expect((await rig.open()).recovery.keptWritten).toBe(false);
  });
});
