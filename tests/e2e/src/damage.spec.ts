import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createMoldau } from '@moldau/client';
import { type ChildEnding, type SpawnedStandalone, spawnStandalone, startChild } from '@moldau/harness';
import { describe, expect, it } from 'vitest';
import { batchOf } from './fixture/batches.ts';
import { type RawBroker, rawBroker } from './fixture/raw-broker.ts';
import { readAll } from './fixture/read-all.ts';
import { createTopic } from './fixture/topic.ts';

const TIMEOUT_MS = 90_000;
const BATCHES = 20;
/** The high watermark is written down each second. */
const CHECKPOINT_MS = 2500;
const LAUNCHER = fileURLToPath(new URL('../../../apps/cli/bin/moldau.js', import.meta.url));

/** Damages one byte in the middle of the partition's only segment; answers with the partition's directory. */
function flipByte(server: SpawnedStandalone, topicId: string): string {
  const directory = join(server.dataDir, 'topics', topicId, '0');
  const [segment = ''] = readdirSync(directory).filter((name) => name.endsWith('.log'));
  const path = join(directory, segment);
  const bytes = readFileSync(path);
  const middle = Math.floor(bytes.length / 2);
  bytes.writeUInt8(bytes.readUInt8(middle) ^ 1, middle);
  writeFileSync(path, bytes);
  return directory;
}

async function repair(directory: string, ...options: readonly string[]): Promise<ChildEnding & { readonly stderr: string }> {
  const child = startChild({ command: process.execPath, arguments: [LAUNCHER, 'log', 'repair', directory, ...options] });
  return { ...(await child.ended), stderr: child.stderr() };
}

async function produceReason(raw: RawBroker, topicId: string): Promise<string | undefined> {
  return (await raw.produce(topicId, batchOf(['more']))).error?.reason;
}

describe('a damaged batch below the high watermark, without a replica', () => {
  it.each(['kill -9', 'a clean stop'])(
    'is never served after %s: the partition goes offline, says where, and only a repair that accepts the loss goes on',
    async (how) => {
      await using server = await spawnStandalone();
      const moldau = createMoldau({ bootstrap: server.address });
      await createTopic(moldau, 'damaged');
      await createTopic(moldau, 'sound');
      using raw = rawBroker(server.address);
      const topicId = await raw.topicId('damaged');
      const soundId = await raw.topicId('sound');
      for (let index = 0; index < BATCHES; index++) {
        expect((await raw.produce(topicId, batchOf([`record ${index} ${'x'.repeat(1000)}`]))).error).toBeUndefined();
      }
      await sleep(CHECKPOINT_MS);
      await (how === 'kill -9' ? server.kill() : server.stop());
      const directory = flipByte(server, topicId);
      await server.restart();

      // After a clean stop the damage is found when somebody reads there.
      const fetch = (): ReturnType<typeof raw.fetch> => raw.fetch({ topicId, fetchOffset: BATCHES / 2, maxBytes: 64 * 1024 });
      await expect.poll(async () => (await fetch()).error?.reason, { timeout: 10_000 }).not.toBe('NOT_LEADER');
      const fetched = await fetch();
      expect(['PARTITION_OFFLINE', 'CORRUPT_LOG']).toContain(fetched.error?.reason);
      expect(fetched.error?.message).toContain('.log');
      expect(fetched.recordBatches).toHaveLength(0);
      await expect.poll(() => produceReason(raw, topicId), { timeout: 10_000 }).toBe('PARTITION_OFFLINE');
      expect(await produceReason(raw, soundId)).toBeUndefined();

      expect((await repair(directory, '--accept-loss')).stderr).toContain('lock');
      await server.stop();
      const refused = await repair(directory);
      expect(refused.code).not.toBe(0);
      expect(refused.stderr).toContain('LOSS_NOT_ACCEPTED');
      expect(await repair(directory, '--accept-loss')).toMatchObject({ code: 0 });
      await server.restart();
      const left = await readAll(moldau, 'damaged');
      expect(left.length).toBeGreaterThanOrEqual(BATCHES / 2 - 1);
      expect(left.length).toBeLessThan(BATCHES);
      for (const { offset, value } of left) expect(Buffer.from(value ?? []).toString()).toContain(`record ${offset} `);
      expect(await produceReason(raw, topicId)).toBeUndefined();
      await moldau.close();
    },
    TIMEOUT_MS,
  );
});
