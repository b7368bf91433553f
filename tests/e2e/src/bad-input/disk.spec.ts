import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createMoldau, type Moldau } from '@moldau/client';
import { spawnStandalone, spawnStandaloneProcess } from '@moldau/harness';
import { describe, expect, it } from 'vitest';
import { batchOf } from '../fixture/batches.ts';
import { type RawBroker, rawBroker } from '../fixture/raw-broker.ts';
import { readAll } from '../fixture/read-all.ts';
import { mountTmpfs, whyNoMount } from '../fixture/tmpfs.ts';
import { createTopic } from '../fixture/topic.ts';

const SIZE_MIB = 64;
const VALUE_BYTES = 500_000;
const TIMEOUT_MS = 60_000;
/** More batches than the disk has room for. */
const BATCHES_MAX = 200;

/** Writes until the broker refuses; answers with the reason and how many it took. */
async function fill(raw: RawBroker, topicId: string): Promise<{ readonly reason: string; readonly taken: number }> {
  const batch = batchOf([Buffer.alloc(VALUE_BYTES, 'x')]);
  for (let taken = 0; taken < BATCHES_MAX; taken++) {
    const { error } = await raw.produce(topicId, batch);
    if (error !== undefined) {
      expect(error.retriable).toBe(true);
      return { reason: error.reason, taken };
    }
  }
  throw new Error(`the broker took ${BATCHES_MAX} batches of ${VALUE_BYTES} bytes on ${SIZE_MIB} MiB`);
}

async function count(moldau: Moldau, topic: string): Promise<number> {
  return (await readAll(moldau, topic)).length;
}

describe('a full disk', () => {
  it(
    'refuses writes with DISK_FULL, serves reads, and takes writes again when there is space, without a restart',
    async (context) => {
      const reason = whyNoMount();
      if (reason !== undefined) return context.skip(reason);
      using disk = mountTmpfs(SIZE_MIB);
      await using server = await spawnStandalone({ dataDir: join(disk.path, 'data') });
      const moldau = createMoldau({ bootstrap: server.address });
      // Only whole segments can be given back to the file system.
      await createTopic(moldau, 'full', { configs: { 'segment.bytes': String(2 ** 20), 'file.delete.delay.ms': '100' } });
      using raw = rawBroker(server.address);
      const topicId = await raw.topicId('full');
      const { taken } = await fill(raw, topicId).then((filled) => {
        expect(filled.reason).toBe('DISK_FULL');
        return filled;
      });
      expect(await count(moldau, 'full')).toBe(taken);
      const [deleted] = await moldau.admin().deleteRecords([{ topic: 'full', partition: 0, before: 'all' }]);
      expect(deleted?.error).toBeUndefined();
      await expect
        .poll(async () => (await raw.produce(topicId, batchOf(['room again']))).error?.reason, { timeout: 45_000, interval: 500 })
        .toBeUndefined();
      await moldau.close();
    },
    TIMEOUT_MS,
  );

  it(
    'that something else has filled is noticed before the log is, and its end too',
    async (context) => {
      const reason = whyNoMount();
      if (reason !== undefined) return context.skip(reason);
      using disk = mountTmpfs(SIZE_MIB);
      await using server = await spawnStandalone({ dataDir: join(disk.path, 'data') });
      const moldau = createMoldau({ bootstrap: server.address });
      await createTopic(moldau, 'squeezed');
      using raw = rawBroker(server.address);
      const topicId = await raw.topicId('squeezed');
      expect((await raw.produce(topicId, batchOf(['before']))).error).toBeUndefined();
      const filler = join(disk.path, 'filler');
      try {
        writeFileSync(filler, Buffer.alloc(SIZE_MIB * 2 ** 20));
      } catch {
        // It is full now, as it should be.
      }
      await expect.poll(async () => (await raw.produce(topicId, batchOf(['now']))).error?.reason, { timeout: 10_000 }).toBe('DISK_FULL');
      expect(await count(moldau, 'squeezed')).toBeGreaterThan(0);
      rmSync(filler);
      await expect.poll(async () => (await raw.produce(topicId, batchOf(['after']))).error?.reason, { timeout: 10_000 }).toBeUndefined();
      await moldau.close();
    },
    TIMEOUT_MS,
  );
});

describe('a read-only disk', () => {
  it(
    'is named when standalone starts on it',
    async (context) => {
      const reason = whyNoMount();
      if (reason !== undefined) return context.skip(reason);
      using disk = mountTmpfs(SIZE_MIB);
      disk.setReadOnly(true);
      const child = spawnStandaloneProcess({ dataDir: join(disk.path, 'data') });
      expect((await child.ended).code).toBe(74);
      expect(child.stderr()).toContain('DATA_DIRECTORY_UNUSABLE');
      expect(child.stderr().trim().split('\n')).toHaveLength(1);
    },
    TIMEOUT_MS,
  );

  it(
    'after a crash is named too, and once it can be written nothing acknowledged is lost',
    async (context) => {
      const reason = whyNoMount();
      if (reason !== undefined) return context.skip(reason);
      using disk = mountTmpfs(SIZE_MIB);
      const server = await spawnStandalone({ dataDir: join(disk.path, 'data') });
      const moldau = createMoldau({ bootstrap: server.address });
      // Each batch of this topic begins a new segment soon: creating a file is what a read-only disk refuses first.
      await createTopic(moldau, 'frozen', { configs: { 'segment.bytes': String(2 ** 20) } });
      using raw = rawBroker(server.address);
      const topicId = await raw.topicId('frozen');
      const batch = batchOf([Buffer.alloc(VALUE_BYTES, 'x')]);
      for (let sent = 0; sent < 5; sent++) expect((await raw.produce(topicId, batch)).error).toBeUndefined();
      await server.kill();
      disk.setReadOnly(true);
      const child = spawnStandaloneProcess({ dataDir: join(disk.path, 'data') });
      expect((await child.ended).code).toBe(74);
      disk.setReadOnly(false);
      await server.restart();
      expect(await count(moldau, 'frozen')).toBe(5);
      await moldau.close();
      await server.dispose();
    },
    TIMEOUT_MS,
  );
});
