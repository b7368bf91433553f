import { type EncodedRecord, MoldauError, silentMeter } from '@moldau/kernel';
import { countAt } from '@moldau/records';
import { SimScheduler } from '@moldau/testkit';
import { describe, expect, it } from 'vitest';
import type { ShardLimits } from './shard-limits.ts';
import { ShardMetrics } from './shard-metrics.ts';
import { ShardRuntime } from './shard-runtime.ts';
import { ManualLog } from './testing/manual-log.ts';
import { Tally } from './testing/tally.ts';

const WAIT = { timeoutMs: 1_000 };

function rig(limits: Partial<ShardLimits> = {}, stored: readonly EncodedRecord[][] = []) {
  const scheduler = new SimScheduler();
  const log = new ManualLog();
  for (const records of stored) log.store(records);
  const lost: MoldauError[] = [];
  const { clock } = scheduler;
  const metrics = new ShardMetrics(silentMeter, 'groups');
  const deps = { clock, scheduler, log, metrics, newMachine: () => new Tally(), onLost: (error: MoldauError) => void lost.push(error) };
  const runtime = new ShardRuntime(deps, { index: 3, shardEpoch: 7, limits });
  return { scheduler, log, runtime, lost };
}

async function activeRig(limits: Partial<ShardLimits> = {}, stored: readonly EncodedRecord[][] = []) {
  const made = rig(limits, stored);
  made.runtime.start();
  made.log.answer();
  await made.scheduler.runFor(1);
  expect(made.runtime.kind).toBe('active');
  return made;
}

function record(name: string): EncodedRecord {
  return { key: Buffer.from(name), value: new Uint8Array(1) };
}

/** The reason of a rejection; `done` where there is none. */
function reasonOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'done',
    (caught: unknown) => MoldauError.from(caught).reason,
  );
}

describe('a shard that is opened', () => {
  it('takes no operation before it has claimed and loaded all there is', async () => {
    const { runtime, log, scheduler } = rig({}, [[record('a'), record('b')], [record('c')]]);
    expect(await reasonOf(runtime.run((tally) => tally.read(), WAIT))).toBe('COORDINATOR_LOADING');
    runtime.start();
    expect(log.appends).toEqual([{ shardEpoch: 7, expectedEndOffset: undefined, recordBatch: new Uint8Array(), timeoutMs: 2_000 }]);
    expect(await reasonOf(runtime.run((tally) => tally.read(), WAIT))).toBe('COORDINATOR_LOADING');
    log.answer();
    await scheduler.runFor(1);
    expect(runtime.active()?.order).toEqual(['a', 'b', 'c']);
  });

  it('goes on reading where it broke off', async () => {
    const { runtime, log, scheduler } = rig({}, [[record('a'), record('b')], [record('c')], [record('d')]]);
    log.breakAfter = 1;
    runtime.start();
    log.answer();
    await scheduler.runFor(5_000);
    expect(runtime.active()?.order).toEqual(['a', 'b', 'c', 'd']);
    expect(log.reads).toBe(3);
  });

  it('claims behind its own mark when the answer to the first was lost', async () => {
    const { runtime, log, scheduler, lost } = rig();
    runtime.start();
    log.answer(new MoldauError('REQUEST_TIMED_OUT', 'no answer'));
    await scheduler.runFor(30);
    log.answer(new MoldauError('APPEND_CONFLICT', 'there is a mark', { end_offset: '1' }));
    await scheduler.runFor(60);
    expect(log.appends[2]?.expectedEndOffset).toBe(1);
    expect(lost).toEqual([]);
  });

  it('is lost when a newer owner has written', async () => {
    const { runtime, log, scheduler, lost } = rig();
    runtime.start();
    log.answer(new MoldauError('FENCED_SHARD', 'epoch 8 is in the log'));
    await scheduler.runFor(1);
    expect(runtime.kind).toBe('lost');
    expect(lost.map(({ reason }) => reason)).toEqual(['FENCED_SHARD']);
    expect(await reasonOf(runtime.run((tally) => tally.read(), WAIT))).toBe('NOT_SHARD_OWNER');
  });

  it('lets others run between steps of loading', async () => {
    const many = Array.from({ length: 40 }, (_, batch) => Array.from({ length: 100 }, (_none, at) => record(`${batch}-${at}`)));
    const { runtime, log, scheduler } = rig({ loadStepRecords: 64 }, many);
    runtime.start();
    log.answer();
    let turns = 0;
    const count = (): void => {
      turns += 1;
      if (runtime.kind !== 'active') scheduler.nextTurn(count);
    };
    scheduler.nextTurn(count);
    await scheduler.runFor(1);
    expect(runtime.active()?.order).toHaveLength(4_000);
    expect(turns).toBeGreaterThan(4_000 / 64);
  });
});

describe('operations on a shard', () => {
  it('of one turn, and of an append under way, share the next append, and are answered in order', async () => {
    const { runtime, log, scheduler } = await activeRig();
    const done: string[] = [];
    const add = (name: string): void => {
      const operation = runtime.run((tally) => ({ ...tally.add(name), committed: () => done.push(`${name} committed`) }), WAIT);
      void operation.then((seen) => done.push(`${name} sees ${seen.length}`));
    };
    add('a');
    add('b');
    await scheduler.runFor(1);
    add('c');
    add('d');
    await scheduler.runFor(1);
    expect(log.appends).toHaveLength(2);
    expect(done).toEqual([]);
    log.answer();
    await scheduler.runFor(1);
    expect(done).toEqual(['a committed', 'b committed', 'a sees 1', 'b sees 2']);
    log.answer();
    await scheduler.runFor(1);
    expect(log.appends.slice(1).map(({ expectedEndOffset, recordBatch }) => [expectedEndOffset, countAt(recordBatch, 0)])).toEqual([
      [1, 2],
      [3, 2],
    ]);
  });

  it('without records wait for an append that began after them', async () => {
    const { runtime, log, scheduler } = await activeRig();
    const write = reasonOf(runtime.run((tally) => tally.add('a'), WAIT));
    await scheduler.runFor(1);
    let isRead = false;
    void runtime.run((tally) => tally.read(), WAIT).then(() => (isRead = true));
    log.answer();
    await scheduler.runFor(1);
    expect(await write).toBe('done');
    expect(isRead).toBe(false);
    expect(log.appends.at(-1)?.recordBatch).toHaveLength(0);
    log.answer();
    await scheduler.runFor(1);
    expect(isRead).toBe(true);
  });

  it('go with the next append, or after a while, when nobody waits for them', async () => {
    const { runtime, log, scheduler } = await activeRig({ unhurriedMs: 50 });
    const run = (name: string, unhurried: boolean) => runtime.run((tally) => tally.add(name), { ...WAIT, unhurried });
    const answered = [run('a', true)];
    await scheduler.runFor(40);
    answered.push(run('b', false));
    await scheduler.runFor(1);
    answered.push(run('c', true));
    log.answer();
    await scheduler.runFor(40);
    expect(log.appends.slice(1).map(({ recordBatch }) => countAt(recordBatch, 0))).toEqual([2]);
    await scheduler.runFor(20);
    expect(log.appends.slice(1).map(({ recordBatch }) => countAt(recordBatch, 0))).toEqual([2, 1]);
    log.answer();
    expect((await scheduler.until(Promise.all(answered))).at(-1)).toEqual(['a', 'b', 'c']);
  });

  it('are cut into batches between operations only', async () => {
    const { runtime, log, scheduler } = await activeRig({ batchBytesTarget: 1_000 });
    const sizes = [400, 400, 400, 3_000, 10];
    for (const [at, bytes] of sizes.entries()) void runtime.run((tally) => tally.add(String(at), bytes), WAIT);
    for (let append = 0; append < 4; append += 1) {
      await scheduler.runFor(1);
      log.answer();
    }
    await scheduler.runFor(1);
    expect(log.appends.slice(1).map(({ recordBatch }) => countAt(recordBatch, 0))).toEqual([2, 1, 1, 1]);
  });

  it('are refused before they run when too many wait', async () => {
    const { runtime } = await activeRig({ operationsMax: 2 });
    for (const name of ['a', 'b']) void runtime.run((tally) => tally.add(name), WAIT);
    expect(await reasonOf(runtime.run((tally) => tally.add('c'), WAIT))).toBe('SHARD_OVERLOADED');
    expect(runtime.active()?.order).toEqual(['a', 'b']);
  });

  it('are refused before they run when too many bytes wait', async () => {
    const { runtime } = await activeRig({ queuedBytesMax: 500 });
    void runtime.run((tally) => tally.add('a', 600), WAIT);
    expect(await reasonOf(runtime.run((tally) => tally.add('b'), WAIT))).toBe('SHARD_OVERLOADED');
  });

  it('pass on what they throw, and append nothing', async () => {
    const { runtime, log, scheduler } = await activeRig();
    const failing = runtime.run(() => {
      throw new MoldauError('UNKNOWN_GROUP', 'no such group');
    }, WAIT);
    expect(await reasonOf(failing)).toBe('UNKNOWN_GROUP');
    await scheduler.runFor(10);
    expect(log.appends).toHaveLength(1);
  });

  it('are answered when their time is over, and committed none the less', async () => {
    const { runtime, log, scheduler } = await activeRig();
    let notices = 0;
    const operation = runtime.run((tally) => ({ ...tally.add('a'), committed: () => (notices += 1) }), { timeoutMs: 50 });
    const later = reasonOf(runtime.run((tally) => tally.read(), { timeoutMs: 500 }));
    const reason = reasonOf(operation);
    await scheduler.runFor(60);
    expect(await reason).toBe('REQUEST_TIMED_OUT');
    log.answer();
    await scheduler.runFor(1);
    expect(notices).toBe(1);
    expect(await later).toBe('done');
  });

  it('are sent again, the same bytes at the same place, while nobody leads', async () => {
    const { runtime, log, scheduler } = await activeRig();
    const operation = reasonOf(runtime.run((tally) => tally.add('a'), { timeoutMs: 60_000 }));
    for (let attempt = 0; attempt < 12; attempt += 1) {
      await scheduler.runFor(500);
      log.answer(new MoldauError('NOT_LEADER', 'nobody leads'));
    }
    await scheduler.runFor(500);
    log.answer();
    await scheduler.runFor(1);
    expect(await operation).toBe('done');
    const [first, ...again] = log.appends.slice(1);
    expect(again).toHaveLength(12);
    for (const append of again) expect(append).toEqual(first);
  });

  it('are confirmed by a mark behind them when they turn out to be in the log', async () => {
    const { runtime, log, scheduler } = await activeRig();
    const operation = reasonOf(runtime.run((tally) => tally.add('a'), WAIT));
    await scheduler.runFor(1);
    log.answer(new MoldauError('LEADER_CHANGED_AFTER_APPEND', 'perhaps'));
    await scheduler.runFor(30);
    log.answer(new MoldauError('APPEND_CONFLICT', 'it is there', { end_offset: '2' }));
    await scheduler.runFor(60);
    // That leader fails too, and the next one has nothing of it.
    log.answer(new MoldauError('APPEND_CONFLICT', 'it is not there', { end_offset: '1' }));
    await scheduler.runFor(100);
    log.answer();
    await scheduler.runFor(1);
    expect(await operation).toBe('done');
    expect(log.appends.slice(1).map(({ expectedEndOffset, recordBatch }) => [expectedEndOffset, recordBatch.length > 0])).toEqual([
      [1, true],
      [1, true],
      [2, false],
      [1, true],
    ]);
  });
});

describe('a shard that is lost', () => {
  it('refuses as not done what surely is not, and as in doubt what was under way', async () => {
    const { runtime, log, scheduler } = await activeRig();
    const machine = runtime.active();
    const sent = reasonOf(runtime.run((tally) => tally.add('a'), WAIT));
    await scheduler.runFor(1);
    const queued = reasonOf(runtime.run((tally) => tally.add('b'), WAIT));
    log.answer(new MoldauError('LEADER_CHANGED_AFTER_APPEND', 'perhaps'));
    await scheduler.runFor(30);
    log.answer(new MoldauError('FENCED_SHARD', 'a newer owner writes'));
    await scheduler.runFor(1);
    expect(await sent).toBe('REQUEST_TIMED_OUT');
    expect(await queued).toBe('NOT_SHARD_OWNER');
    expect(machine?.phase).toBe('closed');
    expect(runtime.active()).toBeUndefined();
  });

  it('refuses as not done what the newer owner has fenced at the first attempt', async () => {
    const { runtime, log, scheduler } = await activeRig();
    const sent = reasonOf(runtime.run((tally) => tally.add('a'), WAIT));
    await scheduler.runFor(1);
    log.answer(new MoldauError('APPEND_CONFLICT', 'somebody else has written', { end_offset: '2' }));
    await scheduler.runFor(1);
    expect(await sent).toBe('NOT_SHARD_OWNER');
  });

  it('takes the machine with it when an operation is larger than a batch may be', async () => {
    const { runtime, lost, scheduler } = await activeRig({ batchBytesMax: 2_000, batchBytesTarget: 1_000 });
    const large = reasonOf(runtime.run((tally) => tally.add('a', 5_000), WAIT));
    const next = reasonOf(runtime.run((tally) => tally.add('b'), WAIT));
    await scheduler.runFor(1);
    expect(await large).toBe('RECORD_TOO_LARGE');
    expect(await next).toBe('NOT_SHARD_OWNER');
    expect(lost).toHaveLength(1);
  });

  it('is given back at any time, and nothing is sent any more', async () => {
    const { runtime, log, scheduler, lost } = await activeRig();
    const sent = reasonOf(runtime.run((tally) => tally.add('a'), WAIT));
    await scheduler.runFor(1);
    runtime.close();
    runtime.close();
    log.answer();
    await scheduler.runFor(1_000);
    expect(await sent).toBe('REQUEST_TIMED_OUT');
    expect(log.appends).toHaveLength(2);
    expect(lost).toEqual([]);
  });
});
