import type { MetadataStore, Operation } from '@moldau/cluster';
import { bytesOf, collect, describeMetadataStore, eventually, put, realTime, reasonOf, textOf } from '@moldau/cluster/contract';
import { type Disk, type Scheduler, silentLogger } from '@moldau/kernel';
import { SeededRandom, SimDisk } from '@moldau/testkit';
import { describe, expect, it } from 'vitest';
import { createEmbeddedMetadataStore } from './embedded-metadata-store.ts';

const directory = '/data/metadata';
/** Where a log and a snapshot have their version, behind eight bytes of name. */
const VERSION_AT = 8;

function openStore(disk: Disk, options: { scheduler?: Scheduler; snapshotLogBytesMin?: number } = {}): Promise<MetadataStore> {
  const { scheduler = realTime().scheduler, ...rest } = options;
  return createEmbeddedMetadataStore({ disk, clock: realTime().clock, scheduler, logger: silentLogger }, { directory, ...rest });
}

async function contents(store: MetadataStore): Promise<string> {
  const { entries } = await store.range({ prefix: '/' });
  return entries.map((entry) => `${entry.key}=${textOf(entry.value)}@${entry.createRevision},${entry.modRevision}`).join(' ');
}

/** A client whose close leaves the shared store open: the contract asks for several clients of one store. */
function sharing(store: MetadataStore): MetadataStore {
  let closed = false;
  const ended: (() => void)[] = [];
  const guard = <Answer>(call: () => Promise<Answer>): Promise<Answer> => (closed ? closedStore.then(call) : call());
  return {
    get: (key) => guard(() => store.get(key)),
    range: (request) => guard(() => store.range(request)),
    transact: (transaction) => guard(() => store.transact(transaction)),
    watch: (request, events) => store.watch(request, events),
    async lease(ttlMs, events) {
      const lease = await guard(() => store.lease(ttlMs, events));
      ended.push(() => void lease.revoke());
      return lease;
    },
    async close() {
      closed = true;
      for (const end of ended) end();
    },
  };
}
const closedStore = (async () => {
  const store = await openStore(new SimDisk());
  await store.close();
  return store.get('/');
})();
closedStore.catch(() => undefined);

describeMetadataStore('the embedded store', async () => {
  const store = await openStore(new SimDisk());
  return {
    connect: () => sharing(store),
    async compact() {
      for (let i = 0; i < 260; i += 1) {
        const operations = Array.from(
          { length: 120 },
          (_, key): Operation => ({ kind: 'put', key: `/filler/${key}`, value: bytesOf('x') }),
        );
        await store.transact({ comparisons: [], operations });
      }
    },
    stop: () => store.close(),
  };
});

describe('the embedded store on its disk', () => {
  it('holds after closing what it held before', async () => {
    const disk = new SimDisk();
    const store = await openStore(disk);
    for (let i = 0; i < 20; i += 1) await put(store, `/k/${i % 7}`, String(i));
    await store.transact({ comparisons: [], operations: [{ kind: 'delete-prefix', prefix: '/k/3' }] });
    const before = await contents(store);
    await store.close();
    const again = await openStore(disk);
    expect(await contents(again)).toBe(before);
    expect((await again.get('/k/1')).revision).toBe(22);
    const { heard, cancel } = collect(again, '/k/', 10);
    await eventually('the history', () => heard.revisions.length === 12);
    cancel();
    await again.close();
  });

  it('deletes the keys of leases of the process before', async () => {
    const disk = new SimDisk();
    const store = await openStore(disk, { snapshotLogBytesMin: 100 });
    const lease = await store.lease(60_000, { lost: () => undefined });
    for (const key of ['/a', '/b']) {
      await store.transact({ comparisons: [], operations: [{ kind: 'put', key, value: bytesOf('x'), lease: lease.id }] });
    }
    await put(store, '/kept', 'x'.repeat(200));
    await put(store, '/kept', 'y');
    const again = await openStore(disk.kill());
    expect(await contents(again)).toBe('/kept=y@4,5');
    await again.close();
  });

  it('shares a sync among transactions of one turn', async () => {
    const disk = new SimDisk();
    const store = await openStore(disk);
    const before = disk.stats.syncs;
    await Promise.all(Array.from({ length: 100 }, (_, i) => put(store, `/k/${i}`, 'x')));
    expect(disk.stats.syncs - before).toBeLessThanOrEqual(2);
    await store.close();
  });

  it('refuses everything after a failed sync, and never tries it again', async () => {
    const disk = new SimDisk();
    const store = await openStore(disk);
    await put(store, '/a', 'one');
    disk.faults.inject({ operation: 'sync', times: 1 });
    expect(await reasonOf(put(store, '/a', 'two'))).toBe('METADATA_STORE_UNAVAILABLE');
    expect(await reasonOf(put(store, '/a', 'three'))).toBe('METADATA_STORE_UNAVAILABLE');
    expect(await reasonOf(store.get('/a'))).toBe('METADATA_STORE_UNAVAILABLE');
    await store.close();
  });

  it('refuses to open a log with bit-rot among what was synced, at every byte', async () => {
    const disk = new SimDisk();
    const store = await openStore(disk);
    for (let i = 0; i < 3; i += 1) await put(store, `/k/${i}`, 'value');
    await store.close();
    const path = `${directory}/${'1'.padStart(16, '0')}.log`;
    const size = (await disk.stat(path))?.sizeBytes ?? 0;
    const markBytes = 16;
    for (let position = 0; position < size - markBytes; position += 1) {
      const file = await disk.open(path, 'write');
      const byte = new Uint8Array(1);
      await file.read(byte, position);
      const flipped = Uint8Array.of((byte[0] ?? 0) ^ 0x10);
      await file.write([flipped], position);
      // A damaged version can't be told from a newer one: refused too, and nothing is touched.
      const reason = position === VERSION_AT ? 'UNSUPPORTED_FORMAT' : 'CORRUPT_LOG';
      expect(await reasonOf(openStore(disk)), `byte ${position}`).toBe(reason);
      await file.write([byte], position);
      await file.close();
    }
  });

  it.each(['log', 'snapshot'])('refuses a %s of a newer version, naming both, and leaves it as it is', async (kind) => {
    const disk = new SimDisk();
    const store = await openStore(disk, { snapshotLogBytesMin: 100 });
    for (let i = 0; i < 5; i += 1) await put(store, '/k', 'x'.repeat(200));
    await store.close();
    const names = (await disk.list(directory)).map(({ name }) => name).filter((name) => name.endsWith(`.${kind}`));
    const path = `${directory}/${names.sort().at(-1)}`;
    const file = await disk.open(path, 'write');
    await file.write([Uint8Array.of(2)], VERSION_AT);
    // Such a log may hold what looks like nothing to this version.
    if (kind === 'log') await file.truncate(VERSION_AT + 1);
    await file.sync();
    await file.close();
    const facts = { path, value: '2', limit: '1' };
    await expect(openStore(disk)).rejects.toMatchObject({ reason: 'UNSUPPORTED_FORMAT', facts });
    expect((await disk.list(directory)).map(({ name }) => `${directory}/${name}`)).toContain(path);
  });

  it('names the directory when the disk refuses', async () => {
    const disk = new SimDisk();
    disk.faults.readOnly = true;
    expect(await reasonOf(openStore(disk))).toBe('DATA_DIRECTORY_UNUSABLE');
  });
});

/** Turns that pass in microtasks, and timers that never fire: all that a crash test needs. */
const microtaskScheduler: Scheduler = {
  nextTurn: (callback) => queueMicrotask(callback),
  after: () => ({ cancel: () => undefined }),
};

describe('the embedded store after a crash', () => {
  it('holds exactly a prefix of the transactions, with all that were acknowledged', { timeout: 60_000 }, async () => {
    for (let seed = 0; seed < 500; seed += 1) await crashRepeatedly(seed);
  });
});

async function crashRepeatedly(seed: number): Promise<void> {
  const random = new SeededRandom(seed);
  let disk = new SimDisk();
  /** History of the model: states[n] is the state after n transactions. */
  let states: ReadonlyMap<string, string>[] = [new Map()];
  let acknowledged = 0;
  for (let life = 0; life < 6; life += 1) {
    const store = await openStore(disk, { scheduler: microtaskScheduler, snapshotLogBytesMin: random.pick([200, 1_000, 100_000]) });
    const { revision } = await store.get('/');
    const survived = revision - 1;
    expect(survived, `seed ${seed}`).toBeGreaterThanOrEqual(acknowledged);
    expect(survived, `seed ${seed}`).toBeLessThan(states.length);
    states = states.slice(0, survived + 1);
    const { entries } = await store.range({ prefix: '/' });
    expect(new Map(entries.map((entry) => [entry.key, textOf(entry.value)])), `seed ${seed}`).toEqual(states[survived]);
    acknowledged = survived;
    for (let count = random.below(40); count > 0; count -= 1) {
      const { operation, next } = randomStep(random, states);
      const order = states.push(next) - 1;
      store.transact({ comparisons: [], operations: [operation] }).then(
        () => {
          acknowledged = Math.max(acknowledged, order);
        },
        () => undefined,
      );
      for (let steps = random.below(30); steps > 0; steps -= 1) await Promise.resolve();
    }
    disk = random.chance(0.8) ? disk.crash({ torn: random }) : disk.kill({ random });
  }
}

function randomStep(
  random: SeededRandom,
  states: readonly ReadonlyMap<string, string>[],
): { operation: Operation; next: Map<string, string> } {
  const next = new Map(states.at(-1));
  const existing = [...next.keys()];
  if (existing.length > 0 && random.chance(0.2)) {
    const key = random.pick(existing);
    next.delete(key);
    return { operation: { kind: 'delete', key }, next };
  }
  const key = `/k/${random.below(8)}`;
  const value = 'x'.repeat(random.below(300)) + String(states.length);
  next.set(key, value);
  return { operation: { kind: 'put', key, value: bytesOf(value) }, next };
}
