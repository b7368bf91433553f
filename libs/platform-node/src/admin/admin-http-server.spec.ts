import { silentLogger } from '@moldau/kernel';
import { afterEach, expect, it } from 'vitest';
import { type AdminHttpServer, type AdminRequest, createAdminHttpServer } from './admin-http-server.ts';

const open: AdminHttpServer[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

async function start(seen: AdminRequest[] = []): Promise<string> {
  const server = await createAdminHttpServer({
    host: '127.0.0.1',
    port: 0,
    logger: silentLogger,
    routes: async (request) => {
      seen.push(request);
      if (request.path === '/fails') throw new Error('a secret');
      if (request.path !== '/loglevel') return undefined;
      return { status: 200, contentType: 'application/json', body: `{"level":"${request.body}"}` };
    },
  });
  open.push(server);
  return `http://${server.address}`;
}

it('hands method, path, query and body to the routes, and their answer back', async () => {
  const seen: AdminRequest[] = [];
  const url = await start(seen);
  const response = await fetch(`${url}/loglevel?part=log&part=other`, { method: 'PUT', body: 'debug' });
  expect([response.status, response.headers.get('content-type'), await response.text()]).toEqual([
    200,
    'application/json',
    '{"level":"debug"}',
  ]);
  expect(seen).toEqual([{ method: 'PUT', path: '/loglevel', query: new Map([['part', 'log']]), body: 'debug' }]);
});

it('answers 404 to other paths and 500 without the reason to a failure', async () => {
  const url = await start();
  expect((await fetch(`${url}/other`)).status).toBe(404);
  const failed = await fetch(`${url}/fails`);
  expect([failed.status, await failed.text()]).toEqual([500, 'internal error\n']);
  expect(await (await fetch(`${url}/loglevel`, { method: 'HEAD' })).text()).toBe('');
});

it('refuses a large body', async () => {
  const url = await start();
  const outcome = await fetch(`${url}/loglevel`, { method: 'PUT', body: 'x'.repeat(10_000_000) }).then(
    (response) => response.status,
    () => 'closed',
  );
  expect([413, 'closed']).toContain(outcome);
  expect((await fetch(`${url}/loglevel`)).status).toBe(200);
});

it('says when its address is taken', async () => {
  const url = await start();
  const port = Number(new URL(url).port);
  const second = createAdminHttpServer({ host: '127.0.0.1', port, logger: silentLogger, routes: async () => undefined });
  await expect(second).rejects.toMatchObject({ reason: 'ADDRESS_IN_USE', facts: { listener: 'admin' } });
});
