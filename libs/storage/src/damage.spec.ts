import { MoldauError, type Offset } from '@moldau/kernel';
import { batchesIn } from '@moldau/records';
import type { SimDisk } from '@moldau/testkit';
import { SeededIds } from '@moldau/testkit';
import { describe, expect, it } from 'vitest';
import { partitionDirectory } from './paths.ts';
import { repairPartition } from './repair.ts';
import { caught } from './testing/caught.ts';
import { EPOCH, makeBatch, partitionOf, ROOT, StorageRig, TOPIC } from './testing/storage-rig.ts';

const at = (value: number): Offset => value as Offset;
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const SETTINGS = { tailCacheBytes: 0, journalThreshold: 0, journalFileBytes: 4096 };

interface Made {
  readonly rig: StorageRig;
  readonly sent: string[];
}

/** A log of some segments with all of it committed and checkpointed; stopped in one of two ways. */
async function make(stop: 'kill' | 'closed', seed = 1): Promise<Made> {
  const rig = new StorageRig(seed);
  rig.settings = SETTINGS;
  const directory = await rig.open();
  const log = await rig.create(directory, 0, { segmentBytes: 1500, indexIntervalBytes: 200, retentionMs: -1 });
  const sent: string[] = [];
  for (let index = 0; index < 24; index++) {
    const batch = makeBatch(2, { text: `record ${index}`, valueBytes: 60, producerId: 3, producerEpoch: 0, baseSequence: 2 * index });
    log.append(batch, { leaderEpoch: EPOCH });
    sent.push(hex(batch));
    if (index % 5 === 0) await rig.idle();
  }
  await rig.idle();
  log.advanceHighWatermark(log.endOffset);
  await rig.scheduler.runFor(stop === 'closed' ? 10_000 : 1200);
  if (stop === 'closed') await rig.until(directory.close());
  rig.kill();
  return { rig, sent };
}

async function files(disk: SimDisk, directory: string): Promise<string[]> {
  const names: string[] = [];
  for (const { name, kind } of await disk.list(directory)) {
    if (kind === 'directory') names.push(...(await files(disk, `${directory}/${name}`)));
    else names.push(`${directory}/${name}`);
  }
  return names.sort();
}

/** The same log on a disk of its own. */
function copyOf({ rig, sent }: Made): Made {
  const copy = new StorageRig(1, rig.disk.kill());
  copy.settings = SETTINGS;
  return { rig: copy, sent };
}

/** Opens, reads all, and says what came of it. Bytes that were never sent, or lost silently, are a failure. */
async function outcome({ rig, sent }: Made): Promise<string> {
  try {
    const directory = await rig.open();
    const log = partitionOf(directory);
    if (log.status.kind === 'corrupt') return 'detected';
    if (log.endOffset !== 2 * sent.length) return `ends at ${log.endOffset}`;
    const found = (await rig.readAll(log)).map(hex);
    return found.join() === sent.join() ? 'harmless' : 'wrong bytes';
  } catch (error) {
    return error instanceof MoldauError ? 'detected' : `crash: ${String(error)}`;
  }
}

describe('damage on disk', () => {
  for (const stop of ['kill', 'closed'] as const) {
    it(`of one bit in any file is detected or harmless (${stop})`, async () => {
      const original = await make(stop);
      const { rig } = original;
      const paths = await files(rig.disk, ROOT);
      expect(paths.join('\n')).toMatch(/meta\.json[^]*\.index[^]*\.log[^]*\.snapshot[^]*\.timeindex[^]*leader-epochs[^]*partition\.json/);
      const seen = new Set<string>();
      for (const path of paths) {
        const size = rig.disk.contents(path).length;
        // Every byte of the small files; of the large ones every so many.
        const stride = Math.max(1, Math.floor(size / 40));
        for (let position = 0; position < size; position += stride) {
          const made = copyOf(original);
          made.rig.disk.corrupt(path, position, 1 << (position % 8));
          const result = await outcome(made);
          if (result !== 'detected' && result !== 'harmless')
            throw new Error(`bit ${position % 8} of byte ${position} of ${path}: ${result}`);
          seen.add(result);
        }
      }
      expect([...seen].sort()).toEqual(['detected', 'harmless']);
    }, 120_000);

    it(`by truncation of any file is detected or harmless (${stop})`, async () => {
      const original = await make(stop);
      const { rig } = original;
      for (const path of await files(rig.disk, ROOT)) {
        const size = rig.disk.contents(path).length;
        for (let cut = 0; cut < size; cut += Math.max(1, Math.floor(size / 12))) {
          const made = copyOf(original);
          made.rig.disk.cut(path, cut);
          const result = await outcome(made);
          if (result !== 'detected' && result !== 'harmless') throw new Error(`${path} cut to ${cut} of ${size}: ${result}`);
        }
      }
    }, 120_000);
  }

  it('below the high watermark takes the partition offline with the place, also after another start', async () => {
    const { rig } = await make('kill');
    const path = `${partitionDirectory(ROOT, TOPIC, 0 as never)}/${'0'.repeat(20)}.log`;
    rig.disk.corrupt(path, 100, 1);
    const log = partitionOf(await rig.open());
    expect(log.status.kind).toBe('online');
    const error = await caught(() => rig.until(Promise.resolve(log.read(at(0), { maxBytes: 10_000, upTo: log.endOffset }))));
    expect(error.reason).toBe('CORRUPT_LOG');
    expect(error.facts).toMatchObject({ file: path, position: '0', offset: '0' });
    await rig.idle();
    expect((await caught(() => log.read(at(20), { maxBytes: 10_000, upTo: log.endOffset }))).reason).toBe('PARTITION_OFFLINE');
    expect((await caught(() => log.append(makeBatch(1), { leaderEpoch: EPOCH }))).reason).toBe('PARTITION_OFFLINE');
    rig.kill();
    const directory = await rig.open();
    expect(partitionOf(directory).status).toMatchObject({ kind: 'corrupt', where: { file: path, position: 0 } });
    expect(directory.recovery.corrupt).toHaveLength(1);
  });

  it('is found by the scrub, without a reader', async () => {
    const { rig } = await make('closed');
    rig.disk.corrupt(`${partitionDirectory(ROOT, TOPIC, 0 as never)}/${'0'.repeat(20)}.log`, 700, 4);
    const log = partitionOf(await rig.open({ scrubPeriodMs: 60_000 }));
    await rig.scheduler.runFor(5000);
    expect(log.status.kind).toBe('corrupt');
  });

  it('is repaired only when the loss is accepted, and only the damaged batch is lost', async () => {
    const { rig, sent } = await make('kill');
    const directory = partitionDirectory(ROOT, TOPIC, 0 as never);
    const path = `${directory}/${'0'.repeat(20)}.log`;
    const bytes = rig.disk.contents(path);
    const second = [...batchesIn(bytes)][1];
    rig.disk.corrupt(path, (second?.position ?? 0) + 70, 1);
    const ports = { disk: rig.disk, ids: new SeededIds(rig.random) };
    const refused = await caught(() => repairPartition(ports, directory, { acceptLoss: false }));
    expect(refused.reason).toBe('LOSS_NOT_ACCEPTED');
    expect(refused.facts).toMatchObject({ from: '2', to: '4' });
    const report = await repairPartition(ports, directory, { acceptLoss: true });
    expect(report).toMatchObject({ startOffset: 0, endOffset: 48, lost: [{ from: 2, to: 4 }] });
    const log = partitionOf(await rig.open());
    expect([log.status.kind, log.endOffset, log.highWatermark]).toEqual(['online', 48, 48]);
    expect((await rig.readAll(log)).map(hex)).toEqual(sent.filter((_, index) => index !== 1));
    expect(log.append(makeBatch(1), { leaderEpoch: EPOCH }).baseOffset).toBe(48);
    await rig.idle();
    expect((await files(rig.disk, directory)).some((name) => name.endsWith('.damaged'))).toBe(true);
  });

  it('that is no damage needs no loss to be repaired', async () => {
    const { rig, sent } = await make('kill');
    const directory = partitionDirectory(ROOT, TOPIC, 0 as never);
    rig.disk.corrupt(`${directory}/partition.json`, 30, 1);
    expect(partitionOf(await rig.open()).status.kind).toBe('corrupt');
    rig.kill();
    await repairPartition({ disk: rig.disk, ids: new SeededIds(rig.random) }, directory, { acceptLoss: false });
    const log = partitionOf(await rig.open());
    expect((await rig.readAll(log)).map(hex)).toEqual(sent);
  });
});
