import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LEASE_TTL_MS_MIN, type MetadataStore } from './metadata-store.ts';
import { describeLeases } from './metadata-store-leases.contract.ts';
import { describeComparisons, describeTransactions } from './metadata-store-transactions.contract.ts';
import { describeCompaction, describeWatches } from './metadata-store-watches.contract.ts';
import { freshPrefix, put, reasonOf } from './testing/store-fixture.ts';
import type { StoreAccess, StoreUnderTest } from './testing/store-under-test.ts';

export { bytesOf, collect, eventually, put, realTime, reasonOf, textOf } from './testing/store-fixture.ts';
export type { StoreUnderTest } from './testing/store-under-test.ts';

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
    const access: StoreAccess = { store: () => store, tested: () => tested };
    describeTransactions(access);
    describeComparisons(access);
    describeRanges(access);
    describeWatches(access);
    describeCompaction(access);
    describeLeases(access);
    describeClosing(access);
  });
}

function describeRanges({ store }: StoreAccess): void {
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

function describeClosing({ tested }: StoreAccess): void {
  it('refuses calls after close', async () => {
    const client = tested().connect();
    await client.close();
    expect(await reasonOf(client.get('/a'))).toBe('METADATA_STORE_UNAVAILABLE');
    expect(await reasonOf(put(client, '/a', 'x'))).toBe('METADATA_STORE_UNAVAILABLE');
    expect(await reasonOf(client.lease(LEASE_TTL_MS_MIN, { lost: () => undefined }))).toBe('METADATA_STORE_UNAVAILABLE');
    await client.close();
  });
}
