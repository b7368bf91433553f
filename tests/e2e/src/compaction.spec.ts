import { spawnSync } from 'node:child_process';
import { createMoldau, type Moldau } from '@moldau/client';
import { type SpawnedStandalone, spawnStandalone } from '@moldau/harness';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LAUNCHER } from './fixture/launcher.ts';
import { readAll } from './fixture/read-all.ts';

const KEYS = 100;
/** Some 6 MB in segments of 1 MiB: all but the newest are sealed. */
const ROUNDS = 120;
const VALUE_BYTES = 500;

let server: SpawnedStandalone;
let moldau: Moldau;

beforeEach(async () => {
  server = await spawnStandalone();
  moldau = createMoldau({ bootstrap: server.address });
});

afterEach(async () => {
  await moldau?.close();
  await server?.dispose();
});

/** Number of records, and the newest value of each key; a tombstone leaves none. */
async function newest(topic: string): Promise<{ readonly count: number; readonly values: ReadonlyMap<string, string> }> {
  const values = new Map<string, string>();
  let last = -1;
  const records = await readAll(moldau, topic);
  for (const { key, value, offset } of records) {
    expect(offset).toBeGreaterThan(last);
    last = offset;
    const name = Buffer.from(key ?? []).toString();
    if (value === null) values.delete(name);
    else values.set(name, Buffer.from(value).toString().trimEnd());
  }
  return { count: records.length, values };
}

describe('a compacted topic', () => {
  it('comes down to its newest values, also across a restart, and goes on taking records', async () => {
    const config = ['cleanup.policy=compact', 'segment.bytes=1048576'].flatMap((setting) => ['--config', setting]);
    const command = [LAUNCHER, 'topic', 'create', 'state', '--bootstrap', server.address, ...config];
    const created = spawnSync(process.execPath, command, { encoding: 'utf8' });
    expect(created.status, created.stderr).toBe(0);
    const producer = moldau.producer();
    const expected = new Map<string, string>();
    for (let round = 0; round < ROUNDS; round++) {
      const sends: Promise<unknown>[] = [];
      for (let key = 0; key < KEYS; key++) {
        // The last round removes every tenth key.
        const value = round === ROUNDS - 1 && key % 10 === 0 ? null : `round ${round} of ${key}`;
        if (value === null) expected.delete(`k${key}`);
        else expected.set(`k${key}`, value);
        sends.push(
          producer.send({
            topic: 'state',
            key: Buffer.from(`k${key}`),
            value: value === null ? null : Buffer.from(value.padEnd(VALUE_BYTES)),
          }),
        );
      }
      await Promise.all(sends);
    }
    // What is left are the keys' newest records and the active segment, a sixth of all.
    await expect.poll(async () => (await newest('state')).count, { timeout: 60_000, interval: 1000 }).toBeLessThan((KEYS * ROUNDS) / 4);
    expect((await newest('state')).values).toEqual(expected);
    await producer.close();
    await server.restart();
    const again = moldau.producer();
    await again.send({ topic: 'state', key: Buffer.from('k1'), value: Buffer.from('after the restart') });
    expected.set('k1', 'after the restart');
    await again.close();
    expect((await newest('state')).values).toEqual(expected);
  }, 120_000);
});
