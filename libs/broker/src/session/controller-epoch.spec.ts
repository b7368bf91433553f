import { SimDisk } from '@moldau/testkit';
import { describe, expect, it } from 'vitest';
import { SeenControllerEpoch } from './controller-epoch.ts';

async function onNewDisk(): Promise<{ readonly disk: SimDisk; readonly seen: SeenControllerEpoch }> {
  const disk = new SimDisk();
  await disk.makeDirectory('data');
  return { disk, seen: await SeenControllerEpoch.open(disk, 'data') };
}

describe('the highest controller epoch that was seen', () => {
  it('refuses a lower one, also after a power loss', async () => {
    const { disk, seen } = await onNewDisk();
    await disk.syncDirectory('');
    await seen.admit(7);
    await expect(seen.admit(6)).rejects.toMatchObject({ reason: 'FENCED_CONTROLLER' });
    const again = await SeenControllerEpoch.open(disk.crash(), 'data');
    await expect(again.admit(6)).rejects.toMatchObject({ reason: 'FENCED_CONTROLLER' });
    await again.admit(7);
  });

  it('takes a newer controller once its epoch can be written, though it could not be before', async () => {
    const { disk, seen } = await onNewDisk();
    disk.faults.inject({ operation: 'write', kind: 'no-space', times: 2 });
    await expect(seen.admit(7)).rejects.toMatchObject({ kind: 'no-space' });
    await expect(seen.admit(7)).rejects.toMatchObject({ kind: 'no-space' });
    await expect(seen.admit(6)).rejects.toMatchObject({ reason: 'FENCED_CONTROLLER' });
    await seen.admit(7);
    expect((await SeenControllerEpoch.open(disk, 'data')).highest).toBe(7);
  });

  it('writes once for many that admit the same epoch', async () => {
    const { disk, seen } = await onNewDisk();
    await Promise.all([seen.admit(7), seen.admit(8), seen.admit(8), seen.admit(7).catch(() => {})]);
    expect(disk.stats.syncs).toBe(1);
    expect((await SeenControllerEpoch.open(disk, 'data')).highest).toBe(8);
  });
});
