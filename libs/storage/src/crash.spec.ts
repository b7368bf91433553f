import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CrashModel } from './testing/crash-model.ts';
import { StorageRig } from './testing/storage-rig.ts';

type Step =
  | { readonly kind: 'append'; readonly partition: number; readonly records: number; readonly bytes: number }
  | { readonly kind: 'round'; readonly records: number; readonly commit: boolean }
  | { readonly kind: 'roll' | 'commit'; readonly partition: number }
  | { readonly kind: 'truncate'; readonly partition: number; readonly batches: number }
  | { readonly kind: 'delete'; readonly partition: number; readonly share: number }
  | { readonly kind: 'settle' | 'check' }
  | { readonly kind: 'pass'; readonly ms: number }
  | { readonly kind: 'restart'; readonly how: 'torn' | 'clean-cut' | 'kill' | 'closed' };

const MANY = 12;

const step = (partitions: number): fc.Arbitrary<Step> => {
  const partition = fc.nat(partitions - 1);
  return fc.oneof(
    {
      weight: 10,
      arbitrary: fc.record({
        kind: fc.constant('append' as const),
        partition,
        records: fc.integer({ min: 1, max: 5 }),
        bytes: fc.constantFrom(10, 100, 1500),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('roll' as const), partition }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('commit' as const), partition }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('truncate' as const), partition, batches: fc.integer({ min: 1, max: 4 }) }) },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('delete' as const), partition, share: fc.double({ min: 0, max: 1, noNaN: true }) }),
    },
    { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('settle' as const, 'check' as const) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.constantFrom(0, 1, 1000, 20_000) }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('restart' as const),
        how: fc.constantFrom('torn' as const, 'clean-cut' as const, 'kill' as const, 'closed' as const),
      }),
    },
  );
};

/** Short lives of a journal that many partitions write to: each begins with what the one before left in it. */
const shortLives = (partitions: number): fc.Arbitrary<Step> => {
  const partition = fc.nat(partitions - 1);
  const how = fc.constantFrom('torn' as const, 'clean-cut' as const, 'kill' as const, 'kill' as const);
  return fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({ kind: fc.constant('round' as const), records: fc.integer({ min: 1, max: 3 }), commit: fc.boolean() }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('append' as const), partition, records: fc.constant(2), bytes: fc.constantFrom(10, 1500) }),
    },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('commit' as const), partition }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('truncate' as const), partition, batches: fc.integer({ min: 1, max: 3 }) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.constantFrom(0, 1, 1000, 3000) }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('restart' as const), how }) },
  );
};

async function run(model: CrashModel, next: Step): Promise<void> {
  switch (next.kind) {
    case 'round':
      for (let index = 0; index < model.partitions; index++) model.append(index, next.records, 10);
      await model.settle();
      for (let index = 0; next.commit && index < model.partitions; index++) model.commit(index);
      return;
    case 'append':
      return model.append(next.partition, next.records, next.bytes);
    case 'roll':
      return model.roll(next.partition);
    case 'commit':
      return model.commit(next.partition);
    case 'truncate':
      return model.truncate(next.partition, next.batches);
    case 'delete':
      return model.deleteRecords(next.partition, next.share);
    case 'settle':
      return model.settle();
    case 'check':
      return model.isDead ? undefined : model.check();
    case 'pass':
      return model.pass(next.ms);
    case 'restart':
      return model.restart(next.how);
  }
}

const SMALL = { segmentBytes: 2000, indexIntervalBytes: 200, fileDeleteDelayMs: 500, retentionMs: -1 };
const TIGHT = { tailCacheBytes: 3000, openFilesMax: 16, journalFileBytes: 16 * 1024, journalLagMs: 2000, indexCacheBytes: 200 };

/** Sealing writes segments at once, and so takes the journal's work away; by their timestamps the batches are old. */
const RARE_ROLLS = { segmentBytes: 20_000, segmentMs: Number.MAX_SAFE_INTEGER };

function property(
  partitions: number,
  flush: 'sync' | 'async',
  steps: number,
  settings: object = {},
  config: object = {},
  oneStep = step(partitions),
): fc.IAsyncProperty<[number, Step[]]> {
  return fc.asyncProperty(fc.nat(1_000_000), fc.array(oneStep, { minLength: 5, maxLength: steps }), async (seed, list) => {
    const rig = new StorageRig(seed);
    rig.settings = { ...TIGHT, ...settings };
    const model = new CrashModel(rig, partitions, { ...SMALL, ...config, flush });
    await model.start();
    for (const next of list) await run(model, next);
    await model.restart('torn');
  });
}

describe('a data directory under crashes', () => {
  it('keeps everything acknowledged of one log, byte for byte', async () => {
    await fc.assert(property(1, 'sync', 60), { numRuns: 150 });
    // Found a model that took the word of a dead process for an acknowledgement.
    await fc.assert(property(1, 'sync', 60), { numRuns: 20, seed: 1137681677 });
  }, 120_000);

  it('keeps everything acknowledged when rounds go through the journal', async () => {
    await fc.assert(property(MANY, 'sync', 120, { journalThreshold: 1 }, RARE_ROLLS), { numRuns: 80 });
    await fc.assert(property(3, 'sync', 60, { journalThreshold: 1 }, RARE_ROLLS), { numRuns: 150 });
  }, 120_000);

  it('keeps everything flushed, and with a kill everything written, of flush=async logs', async () => {
    await fc.assert(property(2, 'async', 60), { numRuns: 80 });
    await fc.assert(property(3, 'async', 120, { journalThreshold: 1 }, RARE_ROLLS), { numRuns: 100 });
  }, 120_000);
});

describe('the journal over several lives', () => {
  for (const flush of ['sync', 'async'] as const) {
    it(`keeps what it was trusted with (${flush})`, async () => {
      const settings = { journalThreshold: 1, journalFileBytes: 1200, journalFilesMax: 2 };
      await fc.assert(property(4, flush, 60, settings, RARE_ROLLS, shortLives(4)), { numRuns: 150 });
    }, 120_000);
  }
});

describe('a crash at every operation of the disk', () => {
  const ways = [
    { name: 'segments', settings: {}, config: {} },
    { name: 'the journal', settings: { journalThreshold: 1 }, config: RARE_ROLLS },
  ];
  for (const how of ['torn', 'kill'] as const) {
    for (const { name, ...way } of ways) {
      it(`loses nothing acknowledged through ${name} (${how})`, async () => {
        const total = await script(Number.POSITIVE_INFINITY, how, way);
        expect(total).toBeGreaterThan(80);
        for (let calls = 0; calls <= total; calls++) {
          await script(calls, how, way).catch((error: unknown) => {
            throw new Error(`crash after ${calls} of ${total} calls: ${String(error)}`, { cause: error });
          });
        }
      }, 120_000);
    }
  }
});

/** A life with everything in it: rolls, truncation, deletion, retention, a clean restart. Returns the calls it took. */
async function script(calls: number, how: 'torn' | 'kill', way: { readonly settings: object; readonly config: object }): Promise<number> {
  const rig = new StorageRig(calls === Number.POSITIVE_INFINITY ? 7 : calls);
  rig.settings = { ...TIGHT, ...way.settings };
  const model = new CrashModel(rig, 3, { ...SMALL, ...way.config, flush: 'sync' });
  model.dieAfter(calls);
  await model.start();
  for (let round = 0; round < 3; round++) {
    for (let partition = 0; partition < 3; partition++) {
      for (let index = 0; index < 4; index++) model.append(partition, 1 + index, 150);
    }
    await model.settle();
    for (let partition = 0; partition < 3; partition += 2) model.commit(partition);
    await model.pass(1500);
    await model.truncate(1, 3 + round);
    await model.deleteRecords(0, 0.7);
    if (round === 1) await model.pass(20_000);
  }
  await model.close();
  const total = model.calls;
  await model.restart(how);
  model.append(0, 2, 100);
  await model.settle();
  await model.restart(how);
  return total;
}
