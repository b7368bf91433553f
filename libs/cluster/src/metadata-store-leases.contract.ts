import { expect, it } from 'vitest';
import { LEASE_TTL_MS_MIN } from './metadata-store.ts';
import { bytesOf, collect, eventually, freshPrefix, put, reasonOf } from './testing/store-fixture.ts';
import type { StoreAccess } from './testing/store-under-test.ts';

/** Keys that go with their holder. */
export function describeLeases({ store, tested }: StoreAccess): void {
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
