import { AssertionError } from '@moldau/kernel';
import { expect, it } from 'vitest';
import { type MetadataStore, TRANSACTION_OPERATIONS_MAX } from './metadata-store.ts';
import { bytesOf, freshPrefix, put, textOf } from './testing/store-fixture.ts';
import type { StoreAccess } from './testing/store-under-test.ts';

/** Writes: revisions, atomicity, limits. */
export function describeTransactions({ store, tested }: StoreAccess): void {
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

/** What a transaction may depend on. */
export function describeComparisons({ store }: StoreAccess): void {
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
