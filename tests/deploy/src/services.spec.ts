import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EtcdServer, startEtcd, whyNoEtcd } from '@moldau/cluster-etcd/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type ComposeService, composeFile } from './compose-file.ts';
import { type Container, type ContainerOptions, runInContainer, startContainer, whyNoContainers } from './container.ts';
import { makeBase, makeImageTree } from './root-file-system.ts';

/** What a service may take; on a machine that tests share, start-up gets more time than the goal of 3 s. */
const READY_MS_MAX = 20_000;
const IDLE_BYTES_MAX = 120 * 2 ** 20;
const SETUP_TIMEOUT_MS = 200_000;
const CASE_TIMEOUT_MS = 180_000;

let why: string | undefined;
let folder: string;
let etcd: EtcdServer;
const running = new Map<string, Container>();

const SERVICES = Object.entries(composeFile().services).filter(([, { image }]) => image.startsWith('moldau/'));
/** Each service has an address of its own, as a container has: the ports are those of the file. */
const ADDRESSES = Object.fromEntries(SERVICES.map(([name], at) => [name, `127.0.77.${at + 1}`]));

beforeAll(async () => {
  why = (await whyNoContainers()) ?? (await whyNoEtcd());
  if (why !== undefined) return;
  folder = mkdtempSync(join(tmpdir(), 'moldau-deploy-'));
  await makeBase(join(folder, 'root'), { npm: false });
  await makeImageTree(join(folder, 'root/opt/moldau'));
  etcd = await startEtcd();
}, SETUP_TIMEOUT_MS);

afterAll(async () => {
  if (why !== undefined) return;
  await Promise.all([...running.values()].map((container) => container.stop()));
  await etcd.stop();
  rmSync(folder, { recursive: true, force: true });
}, SETUP_TIMEOUT_MS);

beforeEach((context) => {
  if (why !== undefined) context.skip(why);
});

/** A service as the file has it, but that it listens on its own address only, and that etcd is on another port. */
function containerOf(name: string, service: ComposeService, command = service.command ?? []): ContainerOptions {
  const address = ADDRESSES[name] ?? '127.0.0.1';
  const listeners = name.startsWith('broker')
    ? ['CLIENT', 'INTERNAL', 'ADMIN']
    : name.startsWith('coordinator')
      ? ['INTERNAL', 'ADMIN']
      : ['REST', 'GRPC', 'ADMIN'];
  const hosts = Object.fromEntries(listeners.map((listener) => [`MOLDAU_${listener}_HOST`, address]));
  const given = Object.entries(service.environment ?? {}).map(([key, value]) => [
    key,
    value.replace('etcd:2379', new URL(etcd.endpoint).host),
  ]);
  const environment = { ...(Object.fromEntries(given) as Record<string, string>), ...hosts };
  return { root: join(folder, 'root'), command, environment, dataFolder: join(folder, 'data', name), hosts: ADDRESSES };
}

/** Milliseconds until the file's own health check says SERVING. */
async function ready(name: string, service: ComposeService, sinceMs: number): Promise<number> {
  const [, ...check] = service.healthcheck?.test ?? [];
  for (;;) {
    const { status, out } = await runInContainer(containerOf(name, service, check));
    if (status === 0) return performance.now() - sinceMs;
    if (performance.now() - sinceMs > READY_MS_MAX) throw new Error(`${name} is not ready: ${out} ${running.get(name)?.log() ?? ''}`);
  }
}

function mebibytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(0);
}

function serviceOf(name: string): ComposeService {
  return composeFile().services[name]!;
}

function moldau(script: string): Promise<{ readonly status: number; readonly out: string }> {
  return runInContainer(containerOf('broker-1', serviceOf('broker-1'), ['sh', '-euc', script]));
}

describe('the services of docker-compose.yml, in the tree of the image', () => {
  it(
    'wait for each other, get ready and stay small, without rights and on a root that can not be written',
    async (context) => {
      for (const [name, service] of SERVICES) {
        const sinceMs = performance.now();
        running.set(name, startContainer(containerOf(name, service)));
        const tookMs = await ready(name, service, sinceMs);
        await context.annotate(`${name}: ready after ${Math.round(tookMs)} ms`);
      }
      for (const [name, container] of running) {
        const { residentBytes, ownBytes } = container.memory();
        await context.annotate(`${name}: ${mebibytes(residentBytes)} MiB resident, ${mebibytes(ownBytes)} MiB its own`);
        expect(ownBytes, name).toBeLessThan(IDLE_BYTES_MAX);
      }
    },
    CASE_TIMEOUT_MS,
  );

  it(
    'take a record and give it back, to the commands at the head of the file',
    async () => {
      expect(await moldau('moldau topic create hello')).toMatchObject({ status: 0 });
      expect(await moldau("echo 'world' | moldau produce hello")).toMatchObject({ status: 0 });
      expect(await moldau('moldau consume hello --from earliest --exit-at-end')).toEqual({ status: 0, out: 'world\n' });
      expect(await moldau('moldau cluster health')).toMatchObject({ status: 0 });
    },
    CASE_TIMEOUT_MS,
  );

  it(
    'run connectors, whose code is loaded in threads',
    async () => {
      const rest = `http://${ADDRESSES['connector-worker-1']}:8083`;
      await moldau('moldau topic create made --if-not-exists');
      const config = {
        'connector.class': 'DatagenSource',
        topic: 'made',
        template: 'logs',
        'records.per.second': '100',
        'max.records': '5',
      };
      const answer = await fetch(`${rest}/connectors`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ name: 'logs', config }),
      });
      expect(answer.status, await answer.text()).toBe(201);
      const { status, out } = await moldau('moldau consume made --from earliest --max 5');
      expect(status, out).toBe(0);
      expect(out.trim().split('\n')).toHaveLength(5);
    },
    CASE_TIMEOUT_MS,
  );

  it('can not write the root, and have no right of root', async () => {
    const { out } = await moldau('id -u; touch /opt/moldau/x 2>&1 || mkdir /x 2>&1 || true; cat /proc/self/status');
    expect(out).toMatch(/^65532\n/);
    expect(out).toMatch(/Read-only file system|not found/);
    expect(out).toMatch(/^CapEff:\t0+$/m);
    expect(out).toMatch(/^NoNewPrivs:\t1$/m);
  });

  it(
    'tell that all replicas of a restarted broker are in sync again, which a rolling restart waits for',
    async () => {
      const check = async (name: string): Promise<string> => {
        const { out } = await runInContainer(containerOf('broker-3', serviceOf('broker-3'), ['healthcheck', 'broker-3:9092', name]));
        return out.trim();
      };
      expect(await check('in-sync')).toBe('SERVING');
      expect(await check('live')).toBe('SERVING');
      expect(await moldau('moldau cluster health --safe-to-stop 3 --wait 10000')).toMatchObject({ status: 0 });
      expect(await running.get('broker-3')?.stop()).toBe(0);
      expect(await moldau('moldau cluster health --safe-to-stop 2 --wait 2000')).toMatchObject({ status: 5 });
      running.set('broker-3', startContainer(containerOf('broker-3', serviceOf('broker-3'))));
      const sinceMs = performance.now();
      while ((await check('in-sync')) !== 'SERVING') {
        expect(performance.now() - sinceMs).toBeLessThan(READY_MS_MAX * 2);
      }
      expect(await moldau('moldau cluster health --safe-to-stop 2')).toMatchObject({ status: 0 });
    },
    CASE_TIMEOUT_MS,
  );
});

describe("the reader of a node's label", () => {
  it('writes the rack as a setting, nothing where there is no label, and fails where the node can not be read', async () => {
    const api = createServer((request, response) => {
      const known = request.url === '/api/v1/nodes/n1' && request.headers.authorization === 'Bearer secret';
      response.statusCode = known ? 200 : 403;
      response.end(known ? JSON.stringify({ metadata: { labels: { zone: 'a' } } }) : 'forbidden');
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => api.once('listening', resolve));
    const url = `http://127.0.0.1:${(api.address() as AddressInfo).port}`;
    const read = (node: string, label: string): Promise<{ readonly status: number; readonly out: string }> =>
      runInContainer({
        ...containerOf('broker-1', serviceOf('broker-1')),
        command: ['sh', '-c', `echo secret > /tmp/token; TOKEN_FILE=/tmp/token node-label ${label} /tmp/rack && cat /tmp/rack`],
        environment: { NODE_NAME: node, KUBERNETES_API: url },
      });
    expect(await read('n1', 'zone')).toEqual({ status: 0, out: 'rack: a\n{"rack":"a"}' });
    expect(await read('n1', 'room')).toEqual({ status: 0, out: 'rack: none, node n1 has no label room\n{}' });
    expect(await read('n2', 'zone')).toMatchObject({ status: 1, out: expect.stringContaining('the API answers 403: forbidden') as string });
    api.close();
  });
});
