import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runStandalone } from './run-standalone.ts';

let dataDir: string;

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'moldau-run-standalone-'));
});

afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

describe('runStandalone', () => {
  it('starts on free ports, advertises what it is told to, and gives everything back at shutdown', async () => {
    const options = { dataDir, port: 0, adminPort: 0, advertisedHost: 'broker.example', brokerId: 7 };
    for (let life = 0; life < 2; life++) {
      const standalone = await runStandalone(options);
      expect(standalone.address).toMatch(/^broker\.example:\d+$/);
      expect(standalone.listenAddress).toMatch(/^127\.0\.0\.1:\d+$/);
      expect(standalone.brokerId).toBe(7);
      await standalone.shutdown();
      await standalone.shutdown();
    }
  });

  it('refuses options outside their limits, all at once', async () => {
    const outcome = runStandalone({ dataDir, port: 70_000, brokerId: -1 });
    await expect(outcome).rejects.toMatchObject({ reason: 'INVALID_CONFIG', facts: { settings: 'port,brokerId' } });
  });

  it('gives the data directory back when a port is taken', async () => {
    await using first = await runStandalone({ dataDir, port: 0, adminPort: 0 });
    const port = Number(first.listenAddress.split(':')[1]);
    const other = join(dataDir, 'other');
    await expect(runStandalone({ dataDir: other, port, adminPort: 0 })).rejects.toMatchObject({ reason: 'ADDRESS_IN_USE' });
    const second = await runStandalone({ dataDir: other, port: 0, adminPort: 0 });
    await second.shutdown();
  });
});
