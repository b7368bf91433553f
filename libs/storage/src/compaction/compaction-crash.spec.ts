import { type Offset, partitionIndex } from '@moldau/kernel';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LogDirectory } from '../log-directory.ts';
import { type PartitionConfig, partitionConfig } from '../partition-config.ts';
import type { PartitionLog } from '../partition-log.ts';
import { CountedDisk } from '../testing/counted-disk.ts';
import { type FoundRecord, type KeyedRecord, keyedBatch, newestOf, recordsOf } from '../testing/keyed-log.ts';
import { EPOCH, partitionOf, StorageRig, TOPIC } from '../testing/storage-rig.ts';

const CONFIG: PartitionConfig = partitionConfig({
  segmentBytes: 1500,
  indexIntervalBytes: 200,
  fileDeleteDelayMs: 500,
  retentionMs: -1,
  segmentMs: Number.MAX_SAFE_INTEGER,
  compaction: { minLagMs: 0, maxLagMs: Number.MAX_SAFE_INTEGER, minDirtyRatio: 0, deleteRetentionMs: 20_000 },
});
const SETTINGS = {
  tailCacheBytes: 0,
  openFilesMax: 16,
  indexCacheBytes: 200,
  scrubPeriodMs: 0,
  cleanerMapBytes: 140_000,
  spaceIntervalMs: 20_000,
  flushIntervalMs: 10_000,
  producerExpirationMs: Number.MAX_SAFE_INTEGER,
};

/** A compacted log and what was appended to it; it is checked at any time, also after a crash at any call of the disk. */
class CompactedModel {
  readonly rig: StorageRig;
  #directory: LogDirectory | undefined;
  #sent: FoundRecord[] = [];
  #safe = 0;
  #life = 0;
  #sequence = 0;
  #counter: CountedDisk | undefined;
  #dead: Promise<'dead'> = new Promise(() => {});
  #isDead = false;

  constructor(seed: number) {
    this.rig = new StorageRig(seed);
    this.rig.settings = SETTINGS;
  }

  get calls(): number {
    return this.#counter?.calls ?? 0;
  }

  dieAfter(calls: number): void {
    this.#isDead = false;
    this.#dead = new Promise((resolve) => {
      this.rig.wrap = (disk) => {
        this.#counter = new CountedDisk(disk, calls, () => {
          this.#isDead = true;
          resolve('dead');
        });
        return this.#counter;
      };
    });
  }

  async start(): Promise<void> {
    const opened = await this.#attempt(() => this.rig.opening());
    this.#directory = opened;
    if (opened === undefined) return;
    const log = await this.#attempt(() => opened.createPartition(TOPIC, partitionIndex(0), CONFIG));
    if (log === undefined) return;
    const life = this.#life;
    log.onProgress = ({ flushedEnd }) => {
      if (life === this.#life) this.#safe = Math.max(this.#safe, flushedEnd);
    };
  }

  append(records: readonly KeyedRecord[]): void {
    const log = this.#log();
    if (log === undefined) return;
    const fields = { producerId: 5, producerEpoch: 0, baseSequence: this.#sequence };
    const { baseOffset } = log.append(keyedBatch(records, fields), { leaderEpoch: EPOCH });
    this.#sequence += records.length;
    for (const [index, record] of records.entries()) this.#sent.push({ offset: baseOffset + index, ...record });
  }

  async commit(options: { readonly roll: boolean }): Promise<void> {
    await this.rig.idle();
    const log = this.#log();
    if (log === undefined) return;
    log.advanceHighWatermark(log.flushedEnd);
    if (options.roll) log.roll();
    await this.rig.idle();
  }

  async deleteRecords(share: number): Promise<void> {
    const log = this.#log();
    if (log === undefined) return;
    const target = Math.floor(log.startOffset + (log.highWatermark - log.startOffset) * share);
    await this.#attempt(() => log.deleteRecordsBefore(target as Offset));
  }

  async pass(ms: number): Promise<void> {
    await this.rig.scheduler.runFor(ms);
  }

  async restart(how: 'torn' | 'kill' | 'closed', calls = Number.POSITIVE_INFINITY): Promise<void> {
    const directory = this.#directory;
    if (how === 'closed' && directory !== undefined) await this.#attempt(() => directory.close());
    this.#life += 1;
    if (how === 'torn') this.rig.crash();
    else this.rig.kill();
    this.dieAfter(calls);
    await this.start();
    if (this.#isDead) return;
    const log = this.#log();
    if (log === undefined || log.status.kind !== 'online') throw new Error(`after ${how}: ${JSON.stringify(log?.status)}`);
    if (log.endOffset < this.#safe) throw new Error(`the log ends at ${log.endOffset}, ${this.#safe} was flushed`);
    this.#sent = this.#sent.filter(({ offset }) => offset < log.endOffset);
    this.#sequence = this.#sent.length;
    log.advanceHighWatermark(log.flushedEnd);
    await this.check();
  }

  /** Everything found was sent, in place; and no key has lost its newest record, but for tombstones. */
  async check(): Promise<FoundRecord[]> {
    const log = this.#log();
    if (log === undefined) return [];
    const found = await recordsOf(this.rig, log);
    for (const record of found) {
      const sent = this.#sent[record.offset];
      if (sent?.key !== record.key || sent.value !== record.value) throw new Error(`${record.offset} holds ${JSON.stringify(record)}`);
    }
    const readable = this.#sent.filter(({ offset }) => offset >= log.startOffset);
    expect(newestOf(found)).toEqual(newestOf(readable));
    // The next batch is the one that the log's producer would send; a snapshot or headers know it.
    if (this.#sent.length > 0 && this.#sequence > 0) {
      const claim = { producerId: 5, producerEpoch: 0, baseSequence: this.#sequence, lastOffsetDelta: 0 };
      expect(log.checkProducer(claim)).toEqual({ kind: 'accept' });
    }
    return found;
  }

  /** After some time without faults each key has one record below the clean point. */
  async settle(): Promise<void> {
    await this.commit({ roll: true });
    await this.pass(60_000);
    const found = await this.check();
    const keys = found.map(({ key }) => key);
    const log = this.#log();
    if (log === undefined) return;
    expect(keys).toEqual([...new Set(keys)]);
    expect(found.filter(({ value }) => value === null)).toEqual([]);
  }

  #log(): PartitionLog | undefined {
    return this.#directory === undefined || this.#isDead ? undefined : partitionOf(this.#directory);
  }

  async #attempt<Result>(operation: () => Promise<Result>): Promise<Result | undefined> {
    if (this.#isDead) return undefined;
    const result = await this.rig.until(Promise.race([operation(), this.#dead]));
    return result === 'dead' ? undefined : result;
  }
}

type Step =
  | { readonly kind: 'append'; readonly keys: readonly number[]; readonly bytes: number }
  | { readonly kind: 'commit'; readonly roll: boolean }
  | { readonly kind: 'pass'; readonly ms: number }
  | { readonly kind: 'delete'; readonly share: number }
  | { readonly kind: 'restart'; readonly how: 'torn' | 'kill' | 'closed' }
  | { readonly kind: 'die'; readonly calls: number; readonly how: 'torn' | 'kill' };

const STEP: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      keys: fc.array(fc.integer({ min: -6, max: 8 }), { minLength: 1, maxLength: 6 }),
      bytes: fc.constantFrom(5, 60, 500),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('commit' as const), roll: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.constantFrom(1, 5100, 6000, 30_000) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete' as const), share: fc.double({ min: 0, max: 0.6, noNaN: true }) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('restart' as const),
      how: fc.constantFrom('torn' as const, 'kill' as const, 'closed' as const),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('die' as const), calls: fc.nat(250), how: fc.constantFrom('torn' as const, 'kill' as const) }),
  },
);

/** Negative keys are tombstones of their positives. */
function recordsFor(keys: readonly number[], bytes: number, serial: number): KeyedRecord[] {
  return keys.map((key, index) => ({
    key: `k${Math.abs(key)}`,
    value: key < 0 ? null : `${serial}.${index} `.padEnd(bytes, '.'),
  }));
}

async function run(model: CompactedModel, step: Step, serial: number): Promise<void> {
  switch (step.kind) {
    case 'append':
      return model.append(recordsFor(step.keys, step.bytes, serial));
    case 'commit':
      return model.commit({ roll: step.roll });
    case 'pass':
      return model.pass(step.ms);
    case 'delete':
      return model.deleteRecords(step.share);
    case 'restart':
      return model.restart(step.how);
    case 'die':
      return model.restart(step.how, step.calls);
  }
}

describe('a compacted log under crashes', () => {
  it('keeps the newest record of every key, and in the end nothing else', async () => {
    const property = fc.asyncProperty(fc.nat(1_000_000), fc.array(STEP, { minLength: 5, maxLength: 60 }), async (seed, steps) => {
      const model = new CompactedModel(seed);
      await model.start();
      for (const [serial, step] of steps.entries()) await run(model, step, serial);
      await model.restart('torn');
      await model.settle();
    });
    await fc.assert(property, { numRuns: 60 });
  }, 120_000);

  for (const how of ['torn', 'kill'] as const) {
    it(`loses nothing when the process ends at any call of the disk (${how})`, async () => {
      const total = await script(Number.POSITIVE_INFINITY, how);
      expect(total).toBeGreaterThan(100);
      for (let calls = 0; calls <= total; calls++) {
        await script(calls, how).catch((error: unknown) => {
          throw new Error(`crash after ${calls} of ${total} calls: ${String(error)}`, { cause: error });
        });
      }
    }, 120_000);
  }
});

/** Rounds of appends, passes of compaction, tombstones that go, and delete-records. Returns the calls it took. */
async function script(calls: number, how: 'torn' | 'kill'): Promise<number> {
  const model = new CompactedModel(calls === Number.POSITIVE_INFINITY ? 7 : calls);
  model.dieAfter(calls);
  await model.start();
  for (let round = 0; round < 2; round++) {
    for (let index = 0; index < 6; index++) model.append(recordsFor([index % 5, 6, -(index % 3)], 120, 10 * round + index));
    await model.commit({ roll: true });
    await model.pass(5500);
    if (round === 1) await model.deleteRecords(0.3);
  }
  await model.pass(21_000);
  const total = model.calls;
  await model.restart(how);
  model.append(recordsFor([1, 2], 50, 99));
  await model.settle();
  return total;
}
