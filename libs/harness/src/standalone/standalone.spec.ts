import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { createMoldau } from '@moldau/client';
import { describe, expect, it } from 'vitest';
import { spawnStandalone } from './spawn-standalone.ts';
import { startStandalone } from './start-standalone.ts';

async function roundTrip(address: string): Promise<void> {
  await using moldau = createMoldau({ bootstrap: address });
  await moldau.admin().createTopics([{ name: 'trip', partitions: 1 }]);
  const producer = moldau.producer();
  expect((await producer.send({ topic: 'trip', value: Buffer.from('x') })).offset).toBe(0);
  await producer.close();
}

describe('a standalone', () => {
  it('in this process serves clients, and leaves no directory behind', async () => {
    const standalone = await startStandalone();
    await roundTrip(standalone.address);
    expect((await fetch(`http://${standalone.adminAddress}/readyz`)).status).toBe(200);
    await standalone.shutdown();
    expect(existsSync(dirname(standalone.dataDir))).toBe(false);
  });

  it('twice in this process, with directories of their own, are two clusters', async () => {
    await using one = await startStandalone();
    await using other = await startStandalone();
    expect(one.clusterId).not.toBe(other.clusterId);
    await Promise.all([roundTrip(one.address), roundTrip(other.address)]);
  });

  it('of another is refused its data directory', async () => {
    await using standalone = await startStandalone();
    await expect(startStandalone({ dataDir: standalone.dataDir })).rejects.toMatchObject({ reason: 'DATA_DIRECTORY_LOCKED' });
  });

  it('in a process of its own is killed, started again on its ports, and leaves nothing behind', async () => {
    const standalone = await spawnStandalone();
    await roundTrip(standalone.address);
    const { pid } = standalone.process;
    await standalone.kill();
    await standalone.restart();
    expect(standalone.process.pid).not.toBe(pid);
    expect((await fetch(`http://${standalone.adminAddress}/readyz`)).status).toBe(200);
    await standalone.dispose();
    expect(() => process.kill(standalone.process.pid, 0)).toThrow('ESRCH');
    expect(existsSync(dirname(standalone.dataDir))).toBe(false);
  });
});
