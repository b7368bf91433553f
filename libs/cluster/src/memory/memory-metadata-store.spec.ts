import { describe, expect, it } from 'vitest';
import { bytesOf, collect, describeMetadataStore, eventually, put, realTime, reasonOf } from '../metadata-store.contract.ts';
import { createMemoryMetadataStore } from './memory-metadata-store.ts';

describeMetadataStore('the memory store', async () => {
  const memory = createMemoryMetadataStore(realTime());
  return { connect: () => memory.connect().store, compact: async () => memory.compact(), stop: async () => undefined };
});

describe('faults of the memory store', () => {
  it('rejects calls of a partitioned client, and resumes its watch without a gap', async () => {
    const memory = createMemoryMetadataStore(realTime());
    const near = memory.connect();
    const far = memory.connect();
    const from = await put(near.store, '/a', '0');
    const { heard, cancel } = collect(far.store, '/', from);
    far.faults.partitioned = true;
    await put(near.store, '/a', '1');
    await put(near.store, '/a', '2');
    expect(await reasonOf(far.store.get('/a'))).toBe('METADATA_STORE_UNAVAILABLE');
    expect(heard.revisions).toEqual([]);
    far.faults.partitioned = false;
    await eventually('the missed revisions', () => heard.revisions.length === 2);
    cancel();
    expect(heard.revisions.map((changes) => changes.revision)).toEqual([from + 1, from + 2]);
  });

  it('tells a partitioned watcher of a compaction that passed it', async () => {
    const memory = createMemoryMetadataStore(realTime());
    const near = memory.connect();
    const far = memory.connect();
    const { heard, cancel } = collect(far.store, '/', await put(near.store, '/a', '0'));
    far.faults.partitioned = true;
    await put(near.store, '/a', '1');
    await put(near.store, '/a', '2');
    memory.compact();
    far.faults.partitioned = false;
    await eventually('compacted', () => heard.compacted !== undefined);
    cancel();
  });

  it('may run a transaction whose answer is lost', async () => {
    const memory = createMemoryMetadataStore({ ...realTime(), random: { fraction: () => 0, below: () => 0 } });
    const client = memory.connect();
    client.faults.answerLoss = 1;
    expect(await reasonOf(put(client.store, '/a', 'x'))).toBe('METADATA_STORE_UNAVAILABLE');
    client.faults.answerLoss = 0;
    expect((await client.store.get('/a')).entry?.value).toEqual(bytesOf('x'));
  });

  it('loses the lease of a partitioned client by its own clock before the store does', async () => {
    const memory = createMemoryMetadataStore(realTime());
    const near = memory.connect();
    const far = memory.connect();
    let lostFirst: boolean | undefined;
    const lease = await far.store.lease(2_000, { lost: () => (lostFirst = memory.engine.get('/l').entry !== undefined) });
    await far.store.transact({ comparisons: [], operations: [{ kind: 'put', key: '/l', value: bytesOf('x'), lease: lease.id }] });
    far.faults.partitioned = true;
    await eventually('the loss', () => lostFirst !== undefined);
    expect(lostFirst).toBe(true);
    expect(lease.alive()).toBe(false);
    await eventually('the end of the key', async () => (await near.store.get('/l')).entry === undefined);
  });
});
