import { expect, it } from 'vitest';
import { WATCH_PROGRESS_MS } from './metadata-store.ts';
import { bytesOf, collect, eventually, freshPrefix, put, reasonOf } from './testing/store-fixture.ts';
import type { StoreAccess } from './testing/store-under-test.ts';

/** Changes as they are told: whole revisions, in order, from the past on. */
export function describeWatches({ store, tested }: StoreAccess): void {
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

/** What happens to those who ask for a past that is gone. */
export function describeCompaction({ store, tested }: StoreAccess): void {
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
