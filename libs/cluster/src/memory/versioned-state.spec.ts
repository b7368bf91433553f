import { MoldauError } from '@moldau/kernel';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Operation } from '../metadata-store.ts';
import { type Tree, treeGet, treePut, treeRemove, treeScan } from './persistent-tree.ts';
import { HISTORY_EVENTS_MAX, VersionedState } from './versioned-state.ts';

const keys = fc.constantFrom('a', 'a/1', 'a/2', 'a0', 'b', 'b/1', 'c');

function entriesOf(tree: Tree<number>): [string, number][] {
  const entries: [string, number][] = [];
  treeScan(tree, '', (key, value) => entries.push([key, value]) > 0);
  return entries;
}

describe('the persistent tree', () => {
  it('holds what a sorted map holds, and leaves old versions as they were', () => {
    const step = fc.record({ key: fc.string({ minLength: 1, maxLength: 3 }), value: fc.option(fc.nat()) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        let tree: Tree<number>;
        const model = new Map<string, number>();
        const versions: { tree: Tree<number>; entries: [string, number][] }[] = [];
        for (const { key, value } of steps) {
          tree = value === null ? treeRemove(tree, key) : treePut(tree, key, value);
          if (value === null) model.delete(key);
          else model.set(key, value);
          expect(treeGet(tree, key)).toBe(model.get(key));
          versions.push({ tree, entries: [...model].sort(([left], [right]) => (left < right ? -1 : 1)) });
        }
        for (const version of versions) expect(entriesOf(version.tree)).toEqual(version.entries);
      }),
      { numRuns: 50 },
    );
  });

  it('stays shallow with 100,000 keys in order', () => {
    let tree: Tree<number>;
    for (let i = 0; i < 100_000; i += 1) tree = treePut(tree, `/partitions/${String(i).padStart(6, '0')}`, i);
    const depth = (node: Tree<number>): number => (node === undefined ? 0 : 1 + Math.max(depth(node.left), depth(node.right)));
    expect(depth(tree)).toBeLessThan(60);
  });
});

describe('the versioned state', () => {
  const operation: fc.Arbitrary<Operation> = fc.oneof(
    fc.record({ kind: fc.constant('put' as const), key: keys, value: fc.uint8Array({ maxLength: 3 }) }),
    fc.record({ kind: fc.constant('delete' as const), key: keys }),
    fc.record({ kind: fc.constant('delete-prefix' as const), prefix: fc.constantFrom('a/', 'b', 'zz') }),
  );

  it('reads every kept revision as it was, and its changes lead from one to the next', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
        const state = new VersionedState();
        const images = new Map([[1, state.range({ prefix: '' }).entries]]);
        for (const one of operations) {
          const { revision } = state.stage({ comparisons: [], operations: [one] });
          state.publish(revision);
          images.set(revision, state.range({ prefix: '' }).entries);
        }
        const model = new Map<string, number>();
        for (const { revision, events } of state.changesAfter(1, Number.MAX_SAFE_INTEGER)) {
          for (const event of events) {
            if (event.kind === 'put') model.set(event.key, event.modRevision);
            else model.delete(event.key);
          }
          const entries = state.range({ prefix: '', revision }).entries;
          expect(entries).toEqual(images.get(revision));
          expect(entries.map((entry) => [entry.key, entry.modRevision])).toEqual(
            [...model].sort(([left], [right]) => (left < right ? -1 : 1)),
          );
        }
      }),
      { numRuns: 100 },
    );
  });

  it('hides what is staged and not published', () => {
    const state = new VersionedState();
    const { revision } = state.stage({ comparisons: [], operations: [{ kind: 'put', key: 'a', value: new Uint8Array() }] });
    expect(state.get('a').entry).toBeUndefined();
    expect(state.changesAfter(1, 10)).toEqual([]);
    state.publish(revision);
    expect(state.get('a').entry?.modRevision).toBe(revision);
  });

  it('keeps a bounded history and refuses what lies before it', () => {
    const state = new VersionedState();
    for (let i = 0; i < HISTORY_EVENTS_MAX * 1.5; i += 1) {
      state.publish(state.stage({ comparisons: [], operations: [{ kind: 'put', key: `k${i % 10}`, value: new Uint8Array() }] }).revision);
    }
    const oldest = state.compactedRevision();
    expect(state.image().revision - oldest).toBeLessThanOrEqual(HISTORY_EVENTS_MAX * 1.25);
    expect(state.range({ prefix: '', revision: oldest }).entries).toHaveLength(10);
    expect(() => state.range({ prefix: '', revision: oldest - 1 })).toThrow(MoldauError);
    expect(() => state.changesAfter(oldest - 1, 1)).toThrow(MoldauError);
  });
});
