import { AssertionError } from '@moldau/kernel';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LEASE_TTL_MS_MIN, type MetadataStore, TRANSACTION_OPERATIONS_MAX, WATCH_PROGRESS_MS } from './metadata-store.ts';
import { bytesOf, collect, eventually, freshPrefix, put, reasonOf, textOf } from './testing/store-fixture.ts';

export { bytesOf, collect, eventually, put, realTime, reasonOf, textOf } from './testing/store-fixture.ts';

/** One store that the contract runs against; all clients see the same state. */
export interface StoreUnderTest {
  /** Another client of the store. */
  connect(): MetadataStore;
  /** Forgets all history up to now. */
  compact(): Promise<void>;
  stop(): Promise<void>;
}

/** What every MetadataStore does; run by the specs of all implementations. */
export function describeMetadataStore(name: string, start: () => Promise<StoreUnderTest>): void {
  describe(`${name} keeps the MetadataStore contract`, () => {
    let tested: StoreUnderTest;
    let store: MetadataStore;
    beforeAll(async () => {
      tested = await start();
      store = tested.connect();
    }, 30_000);
    afterAll(async () => {
      await store.close();
      await tested.stop();
    });
    const access = { store: () => store, tested: () => tested };
    describeTransactions(access);
    describeComparisons(access);
    describeRanges(access);
    describeWatches(access);
    describeCompaction(access);
    describeLeases(access);
    describeClosing(access);
  });
}

interface Access {
  store(): MetadataStore;
  tested(): StoreUnderTest;
}

function describeTransactions({ store, tested }: Access): void {
  it('answers undefined and a revision for an absent key', async () => {
    const { entry, revision } = await store().get(`${freshPrefix()}absent`);
    expect(entry).toBeUndefined();
    expect(revision).toBeGreaterThan(0);
  });

  it('gives a key its create and mod revision', async () => {
    const key = `${freshPrefix()}a`;
    const first = await put(store(), key, 'one');
    const second = await put(store(), key, 'two');
    const { entry } = await store().get(key);
    expect(second).toBe(first + 1);
    expect(entry).toMatchObject({ key, createRevision: first, modRevision: second });
    expect(textOf(entry?.value)).toBe('two');
  });

  it('keeps arbitrary bytes and the empty value', async () => {
    const prefix = freshPrefix();
    const value = Uint8Array.from({ length: 256 }, (_, i) => i);
    await store().transact({
      comparisons: [],
      operations: [
        { kind: 'put', key: `${prefix}bytes`, value },
        { kind: 'put', key: `${prefix}empty`, value: new Uint8Array() },
      ],
    });
    expect([...((await store().get(`${prefix}bytes`)).entry?.value ?? [])]).toEqual([...value]);
    expect((await store().get(`${prefix}empty`)).entry?.value).toHaveLength(0);
  });

  it('starts a new create revision when a deleted key comes back', async () => {
    const key = `${freshPrefix()}a`;
    await put(store(), key, 'one');
    await store().transact({ comparisons: [], operations: [{ kind: 'delete', key }] });
    expect((await store().get(key)).entry).toBeUndefined();
    const again = await put(store(), key, 'two');
    expect((await store().get(key)).entry?.createRevision).toBe(again);
  });

  it('spends no revision on a transaction that changes nothing', async () => {
    const prefix = freshPrefix();
    const before = await put(store(), `${prefix}a`, 'one');
    const lost = await store().transact({
      comparisons: [{ kind: 'absent', key: `${prefix}a` }],
      operations: [{ kind: 'put', key: `${prefix}b`, value: bytesOf('x') }],
    });
    expect(lost).toEqual({ succeeded: false, revision: before });
    const idle = await store().transact({ comparisons: [], operations: [{ kind: 'delete', key: `${prefix}none` }] });
    expect(idle).toEqual({ succeeded: true, revision: before });
    expect((await store().get(`${prefix}b`)).entry).toBeUndefined();
  });

  it('gives all changes of one transaction one revision', async () => {
    const prefix = freshPrefix();
    await put(store(), `${prefix}old`, 'x');
    const operations = Array.from({ length: TRANSACTION_OPERATIONS_MAX - 1 }, (_, i) => ({
      kind: 'put' as const,
      key: `${prefix}new/${i}`,
      value: bytesOf(String(i)),
    }));
    const { revision } = await store().transact({ comparisons: [], operations: [...operations, { kind: 'delete', key: `${prefix}old` }] });
    const { entries } = await store().range({ prefix });
    expect(entries).toHaveLength(TRANSACTION_OPERATIONS_MAX - 1);
    expect(new Set(entries.map((entry) => entry.modRevision))).toEqual(new Set([revision]));
  });

  it('deletes what lies under a prefix and nothing else', async () => {
    const prefix = freshPrefix();
    for (const key of ['a', 'a/1', 'a/2', 'a0', 'b']) await put(store(), prefix + key, key);
    await store().transact({ comparisons: [], operations: [{ kind: 'delete-prefix', prefix: `${prefix}a/` }] });
    const { entries } = await store().range({ prefix });
    expect(entries.map((entry) => entry.key.slice(prefix.length))).toEqual(['a', 'a0', 'b']);
  });

  it('refuses to run more operations than a transaction may have', async () => {
    const operations = Array.from({ length: TRANSACTION_OPERATIONS_MAX + 1 }, (_, i) => ({ kind: 'delete' as const, key: `/x/${i}` }));
    await expect(async () => store().transact({ comparisons: [], operations })).rejects.toThrow(AssertionError);
  });

  it('loses no increment of clients that compare and set at the same time', async () => {
    const key = `${freshPrefix()}counter`;
    await put(store(), key, '0');
    const clients = [tested().connect(), tested().connect()];
    await Promise.all(clients.map((client) => incrementTimes(client, key, 50)));
    expect(textOf((await store().get(key)).entry?.value)).toBe('100');
    await Promise.all(clients.map((client) => client.close()));
  });
}

async function incrementTimes(client: MetadataStore, key: string, times: number): Promise<void> {
  for (let done = 0; done < times; ) {
    const { entry } = await client.get(key);
    const next = String(Number(textOf(entry?.value)) + 1);
    const { succeeded } = await client.transact({
      comparisons: [{ kind: 'modified-at', key, revision: entry?.modRevision ?? 0 }],
      operations: [{ kind: 'put', key, value: bytesOf(next) }],
    });
    if (succeeded) done += 1;
  }
}

function describeComparisons({ store }: Access): void {
  it('runs a transaction only when every comparison holds', async () => {
    const prefix = freshPrefix();
    const key = `${prefix}a`;
    const created = await put(store(), key, 'one');
    const modified = await put(store(), key, 'two');
    const absent = { kind: 'absent', key: `${prefix}none` } as const;
    const cases = [
      { comparison: absent, holds: true },
      { comparison: { kind: 'absent', key }, holds: false },
      { comparison: { kind: 'created-at', key, revision: created }, holds: true },
      { comparison: { kind: 'created-at', key, revision: modified }, holds: false },
      { comparison: { kind: 'created-at', key: `${prefix}none`, revision: created }, holds: false },
      { comparison: { kind: 'modified-at', key, revision: modified }, holds: true },
      { comparison: { kind: 'modified-at', key, revision: created }, holds: false },
      { comparison: { kind: 'value', key, value: bytesOf('two') }, holds: true },
      { comparison: { kind: 'value', key, value: bytesOf('tw') }, holds: false },
      { comparison: { kind: 'value', key: `${prefix}none`, value: bytesOf('') }, holds: false },
    ] as const;
    for (const { comparison, holds } of cases) {
      const operations = [{ kind: 'put', key: `${prefix}other`, value: bytesOf('x') }] as const;
      const { succeeded } = await store().transact({ comparisons: [absent, comparison].slice(comparison === absent ? 1 : 0), operations });
      expect(succeeded, JSON.stringify(comparison)).toBe(holds);
    }
  });
}

function describeRanges({ store }: Access): void {
  it('lists pages in key order at one revision, whatever is written meanwhile', async () => {
    const prefix = freshPrefix();
    for (const key of ['c', 'a', 'e', 'b', 'd']) await put(store(), prefix + key, key);
    const first = await store().range({ prefix, limit: 2 });
    await put(store(), `${prefix}bb`, 'late');
    await store().transact({ comparisons: [], operations: [{ kind: 'delete', key: `${prefix}d` }] });
    const after = first.entries.at(-1)?.key ?? '';
    const second = await store().range({ prefix, limit: 2, after, revision: first.revision });
    const third = await store().range({ prefix, limit: 2, after: `${prefix}d`, revision: first.revision });
    const keys = [first, second, third].map((page) => page.entries.map((entry) => entry.key.slice(prefix.length)).join(''));
    expect(keys).toEqual(['ab', 'cd', 'e']);
    expect([first, second, third].map((page) => page.more)).toEqual([true, true, false]);
    expect([second.revision, third.revision]).toEqual([first.revision, first.revision]);
  });

  it('answers an empty page for a prefix without keys', async () => {
    expect(await store().range({ prefix: freshPrefix() })).toMatchObject({ entries: [], more: false });
  });
}

function describeWatches({ store, tested }: Access): void {
  it('delivers whole revisions in order, under the prefix only', async () => {
    const prefix = freshPrefix();
    const from = await put(store(), `${prefix}a`, 'before');
    const { heard, cancel } = collect(store(), prefix, from);
    const other = await put(store(), `${freshPrefix()}x`, 'elsewhere');
    const both = await store().transact({
      comparisons: [],
      operations: [
        { kind: 'put', key: `${prefix}b`, value: bytesOf('new') },
        { kind: 'delete', key: `${prefix}a` },
      ],
    });
    const last = await put(store(), `${prefix}b`, 'newer');
    await eventually('the last revision', () => heard.revisions.at(-1)?.revision === last);
    cancel();
    expect(heard.revisions.map((changes) => changes.revision)).toEqual([both.revision, last]);
    expect(other).toBeLessThan(both.revision);
    expect(new Set(heard.revisions[0]?.events.map((event) => `${event.kind} ${event.key}`))).toEqual(
      new Set([`put ${prefix}b`, `delete ${prefix}a`]),
    );
    expect(heard.revisions[1]?.events[0]).toMatchObject({ kind: 'put', createRevision: both.revision, modRevision: last });
  });

  it('replays the past from the revision that the watcher has seen', async () => {
    const prefix = freshPrefix();
    const from = await put(store(), `${prefix}0`, 'x');
    const wanted: number[] = [];
    for (let i = 0; i < 300; i += 1) wanted.push(await put(store(), `${prefix}${i % 7}`, String(i)));
    const { heard, cancel } = collect(store(), prefix, from);
    await eventually('all revisions', () => heard.revisions.length >= wanted.length);
    cancel();
    expect(heard.revisions.map((changes) => changes.revision)).toEqual(wanted);
  });

  it('hears what another client writes, and nothing after it was cancelled', async () => {
    const prefix = freshPrefix();
    const other = tested().connect();
    const { heard, cancel } = collect(store(), prefix, (await store().get(prefix)).revision);
    await put(other, `${prefix}a`, 'x');
    await eventually('the change', () => heard.revisions.length === 1);
    cancel();
    cancel();
    await put(other, `${prefix}a`, 'y');
    await other.close();
    const { heard: later, cancel: cancelLater } = collect(store(), prefix, 0 + (heard.revisions[0]?.revision ?? 0));
    await eventually('a later watch', () => later.revisions.length === 1);
    cancelLater();
    expect(heard.revisions).toHaveLength(1);
  });

  it('gives a sign of life while nothing changes', async () => {
    const { revision } = await store().get('/nothing');
    const { heard, cancel } = collect(store(), freshPrefix(), revision);
    await eventually('progress', () => heard.progress.length >= 2, 4 * WATCH_PROGRESS_MS);
    cancel();
    expect(heard.progress.every((seen) => seen >= revision)).toBe(true);
  });
}

function describeCompaction({ store, tested }: Access): void {
  it('says that the past is gone after a compaction', async () => {
    const prefix = freshPrefix();
    const old = await put(store(), `${prefix}a`, 'one');
    await put(store(), `${prefix}a`, 'two');
    const newest = await put(store(), `${prefix}a`, 'three');
    await tested().compact();
    expect(await reasonOf(store().range({ prefix, revision: old }))).toBe('METADATA_COMPACTED');
    const { heard, cancel } = collect(store(), prefix, old);
    await eventually('the end of the watch', () => heard.compacted !== undefined);
    expect(heard.compacted?.reason).toBe('METADATA_COMPACTED');
    expect(heard.revisions).toEqual([]);
    cancel();
    const listed = await store().range({ prefix });
    const again = collect(store(), prefix, listed.revision);
    const later = await put(store(), `${prefix}a`, 'four');
    await eventually('the watch after listing again', () => again.heard.revisions.length === 1);
    again.cancel();
    expect(listed.entries[0]?.modRevision).toBe(newest);
    expect(again.heard.revisions[0]?.revision).toBe(later);
  });
}

function describeLeases({ store, tested }: Access): void {
  const ignoreLoss = { lost: () => undefined };

  it('deletes the keys of a revoked lease in one revision, and only those still on it', async () => {
    const prefix = freshPrefix();
    const lease = await store().lease(LEASE_TTL_MS_MIN, ignoreLoss);
    const { revision } = await store().transact({
      comparisons: [],
      operations: ['a', 'b', 'c'].map((key) => ({ kind: 'put' as const, key: prefix + key, value: bytesOf(key), lease: lease.id })),
    });
    await put(store(), `${prefix}c`, 'kept');
    const { heard, cancel } = collect(store(), prefix, revision + 1);
    await lease.revoke();
    await eventually('the deletions', () => heard.revisions.length === 1);
    cancel();
    expect(heard.revisions[0]?.events.map((event) => event.kind)).toEqual(['delete', 'delete']);
    expect((await store().range({ prefix })).entries.map((entry) => entry.key)).toEqual([`${prefix}c`]);
    expect(lease.alive()).toBe(false);
    await lease.revoke();
  });

  it('writes nothing on a lease that is gone', async () => {
    const key = `${freshPrefix()}a`;
    const lease = await store().lease(LEASE_TTL_MS_MIN, ignoreLoss);
    await lease.revoke();
    const writing = store().transact({ comparisons: [], operations: [{ kind: 'put', key, value: bytesOf('x'), lease: lease.id }] });
    expect(await reasonOf(writing)).toBe('LEASE_LOST');
    expect((await store().get(key)).entry).toBeUndefined();
  });

  it('keeps a lease alive for longer than its ttl, and lets it run out when its holder closes', { timeout: 30_000 }, async () => {
    const key = `${freshPrefix()}a`;
    const holder = tested().connect();
    let lost = 0;
    const lease = await holder.lease(LEASE_TTL_MS_MIN, { lost: () => (lost += 1) });
    await holder.transact({ comparisons: [], operations: [{ kind: 'put', key, value: bytesOf('x'), lease: lease.id }] });
    await new Promise((resolve) => setTimeout(resolve, lease.ttlMs * 1.5));
    expect(lease.alive()).toBe(true);
    expect((await store().get(key)).entry).toBeDefined();
    await holder.close();
    await eventually('the end of the key', async () => (await store().get(key)).entry === undefined, 4 * lease.ttlMs);
    expect(lost).toBe(0);
  });
}

function describeClosing({ tested }: Access): void {
  it('refuses calls after close', async () => {
    const client = tested().connect();
    await client.close();
    expect(await reasonOf(client.get('/a'))).toBe('METADATA_STORE_UNAVAILABLE');
    expect(await reasonOf(put(client, '/a', 'x'))).toBe('METADATA_STORE_UNAVAILABLE');
    expect(await reasonOf(client.lease(LEASE_TTL_MS_MIN, { lost: () => undefined }))).toBe('METADATA_STORE_UNAVAILABLE');
    await client.close();
  });
}
