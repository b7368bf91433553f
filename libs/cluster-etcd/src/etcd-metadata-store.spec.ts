import type { MetadataStore } from '@moldau/cluster';
import { bytesOf, collect, describeMetadataStore, eventually, put, realTime, reasonOf, textOf } from '@moldau/cluster/contract';
import { silentLogger } from '@moldau/kernel';
import { Etcd3 } from 'etcd3';
import { beforeEach, describe, expect, it } from 'vitest';
import { createEtcdMetadataStore } from './etcd-metadata-store.ts';
import { type EtcdServer, startEtcd, whyNoEtcd } from './testing/start-etcd.ts';
import { startProxy } from './testing/start-proxy.ts';

const why = await whyNoEtcd();

function connect(endpoints: readonly string[], callTimeoutMs = 2_000): MetadataStore {
  return createEtcdMetadataStore({ ...realTime(), logger: silentLogger }, { endpoints, callTimeoutMs });
}

async function compactTo(endpoint: string, revision: number): Promise<void> {
  const client = new Etcd3({ hosts: endpoint });
  await client.kv.compact({ revision, physical: true });
  client.close();
}

/** Runs with a server of its own, which is stopped whatever happens. */
async function withEtcd(test: (server: EtcdServer, store: MetadataStore) => Promise<void>): Promise<void> {
  const server = await startEtcd();
  const store = connect([server.endpoint]);
  try {
    await test(server, store);
  } finally {
    await store.close();
    await server.stop();
  }
}

const reason = `left out: ${why ?? ''}`;

if (why === undefined) {
  describeMetadataStore('etcd', async () => {
    const server = await startEtcd();
    const store = connect([server.endpoint]);
    return {
      connect: () => connect([server.endpoint]),
      compact: async () => compactTo(server.endpoint, (await store.get('/')).revision),
      async stop() {
        await store.close();
        await server.stop();
      },
    };
  });
} else {
  it('etcd keeps the MetadataStore contract', (context) => context.skip(reason));
}

describe('the etcd store', { timeout: 60_000 }, () => {
  beforeEach((context) => {
    if (why !== undefined) context.skip(reason);
  });

  it('delivers each revision once and whole while the server is killed and started again under writes', () =>
    withEtcd(async (server, store) => {
      const acknowledged: number[] = [];
      let running = true;
      const writing = (async () => {
        for (let i = 0; running; i += 1) {
          const operations = [`/w/a${i % 5}`, `/w/b${i % 5}`].map((key) => ({ kind: 'put' as const, key, value: bytesOf(String(i)) }));
          const result = await store.transact({ comparisons: [], operations }).catch(() => undefined);
          if (result !== undefined) acknowledged.push(result.revision);
        }
      })();
      const { heard, cancel } = collect(store, '/w/', 1);
      for (let round = 0; round < 3; round += 1) {
        const before = acknowledged.length;
        await eventually('some writes', () => acknowledged.length > before + 50);
        await server.kill();
        await server.restart();
      }
      running = false;
      await writing;
      const last = await put(store, '/w/last', 'x');
      await eventually('the last revision', () => heard.revisions.at(-1)?.revision === last, 15_000);
      cancel();
      const revisions = heard.revisions.map((changes) => changes.revision);
      expect(revisions).toEqual([...new Set(revisions)].sort((left, right) => left - right));
      expect(acknowledged.filter((revision) => !revisions.includes(revision))).toEqual([]);
      expect(heard.revisions.slice(0, -1).every((changes) => changes.events.length === 2)).toBe(true);
    }));

  it('puts a batch of revisions that is larger than a message together again', () =>
    withEtcd(async (_, store) => {
      const value = new Uint8Array(8_000).fill(7);
      const wanted: number[] = [];
      for (let i = 0; i < 60; i += 1) {
        const operations = Array.from({ length: 100 }, (_, key) => ({ kind: 'put' as const, key: `/big/${key}`, value }));
        wanted.push((await store.transact({ comparisons: [], operations })).revision);
      }
      const { heard, cancel } = collect(store, '/big/', 1);
      await eventually('all revisions', () => heard.revisions.length === wanted.length, 20_000);
      cancel();
      expect(heard.revisions.map((changes) => changes.revision)).toEqual(wanted);
      expect(heard.revisions.every((changes) => changes.events.length === 100)).toBe(true);
    }));

  it('tells a watch whose connection was down that the history it missed is compacted', () =>
    withEtcd(async (server, store) => {
      const proxy = await startProxy(Number(new URL(server.endpoint).port));
      const far = connect([`http://127.0.0.1:${proxy.port}`]);
      const from = await put(store, '/c/a', '0');
      const missing = collect(far, '/c/', from);
      const resuming = collect(far, '/c/', from);
      await put(store, '/c/a', '1');
      await eventually('the first change', () => missing.heard.revisions.length === 1 && resuming.heard.revisions.length === 1);
      proxy.cut();
      await put(store, '/c/a', '2');
      const deletion = await store.transact({ comparisons: [], operations: [{ kind: 'delete', key: '/c/a' }] });
      await compactTo(server.endpoint, deletion.revision);
      proxy.heal();
      await eventually('compacted', () => missing.heard.compacted !== undefined && resuming.heard.compacted !== undefined);
      expect(missing.heard.revisions).toHaveLength(1);
      await far.close();
      proxy.stop();
    }));

  it('resumes without a gap where the connection was cut and the history is kept', () =>
    withEtcd(async (server, store) => {
      const proxy = await startProxy(Number(new URL(server.endpoint).port));
      const far = connect([`http://127.0.0.1:${proxy.port}`]);
      const { heard } = collect(far, '/c/', await put(store, '/c/a', '0'));
      const wanted: number[] = [];
      for (let round = 0; round < 3; round += 1) {
        for (let i = 0; i < 20; i += 1) wanted.push(await put(store, '/c/a', String(i)));
        proxy.cut();
        for (let i = 0; i < 20; i += 1) wanted.push(await put(store, '/c/b', String(i)));
        proxy.heal();
      }
      await eventually('all revisions', () => heard.revisions.length >= wanted.length, 20_000);
      expect(heard.revisions.map((changes) => changes.revision)).toEqual(wanted);
      await far.close();
      proxy.stop();
    }));

  it('fails calls of an absent or silent server within their deadline, and works again afterwards', () =>
    withEtcd(async (server, store) => {
      await put(store, '/a', 'x');
      for (const [stop, start] of [
        [() => server.kill(), () => server.restart()],
        [async () => server.pause(), async () => server.resume()],
      ] as const) {
        await stop();
        const from = performance.now();
        const reasons = await Promise.all([
          reasonOf(store.get('/a')),
          reasonOf(put(store, '/b', 'x')),
          reasonOf(store.range({ prefix: '/' })),
        ]);
        expect(new Set(reasons)).toEqual(new Set(['METADATA_STORE_UNAVAILABLE']));
        expect(await reasonOf(store.lease(5_000, { lost: () => undefined }))).toBe('METADATA_STORE_UNAVAILABLE');
        expect(performance.now() - from).toBeLessThan(5_000);
        await start();
        await eventually('service', async () => (await store.get('/a').catch(() => undefined))?.entry !== undefined);
      }
    }));

  it('uses another endpoint when one is dead', () =>
    withEtcd(async (server) => {
      const dead = await startEtcd();
      const store = connect([dead.endpoint, server.endpoint]);
      await dead.stop();
      expect((await store.get('/a')).entry).toBeUndefined();
      await put(store, '/a', 'x');
      expect(textOf((await store.get('/a')).entry?.value)).toBe('x');
      await store.close();
    }));

  it('tells the loss of a lease at the local deadline while the server is silent', () =>
    withEtcd(async (server, store) => {
      let lostAt: number | undefined;
      const lease = await store.lease(2_000, { lost: () => (lostAt = performance.now()) });
      await store.transact({ comparisons: [], operations: [{ kind: 'put', key: '/l', value: bytesOf('x'), lease: lease.id }] });
      const paused = performance.now();
      server.pause();
      await eventually('the loss', () => lostAt !== undefined, 2 * lease.ttlMs);
      expect((lostAt ?? 0) - paused).toBeLessThan(lease.ttlMs + 200);
      expect(lease.alive()).toBe(false);
      server.resume();
    }));

  it('tells the loss of a lease that etcd revoked', () =>
    withEtcd(async (server, store) => {
      let lost = 0;
      const lease = await store.lease(3_000, { lost: () => (lost += 1) });
      const client = new Etcd3({ hosts: server.endpoint });
      await client.leaseClient.leaseRevoke({ ID: lease.id });
      client.close();
      await eventually('the loss', () => lost === 1, 2 * lease.ttlMs);
    }));

  it('refuses a store whose data is older than what it has seen', () =>
    withEtcd(async (server, store) => {
      for (let i = 0; i < 5; i += 1) await put(store, '/a', String(i));
      await server.kill();
      const { endpoint } = server;
      await server.restart({ empty: true });
      expect(endpoint).toBe(server.endpoint);
      expect(await reasonOf(store.get('/a'))).toBe('METADATA_STORE_UNAVAILABLE');
    }));
});
