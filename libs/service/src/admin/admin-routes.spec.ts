import { describe, expect, it } from 'vitest';
import { createLogger } from '../logging/pino-logger.ts';
import { createMeter } from '../metrics/prom-meter.ts';
import { createAdminRoutes } from './admin-routes.ts';
import { createReadiness, watchReadiness } from './readiness.ts';

function admin() {
  const log = createLogger({ level: 'info', destination: 'stdout', fields: {}, stream: { write: () => {} } });
  const meter = createMeter();
  const readiness = createReadiness();
  const answer = createAdminRoutes({ log, meter, readiness });
  const call = (method: string, path: string, body = '') => answer({ method, path, body });
  return { log, meter, readiness, call };
}

describe('the admin routes', () => {
  it('serves /metrics as text and /healthz as long as the process answers', async () => {
    const { call, meter } = admin();
    meter.counter({ name: 'moldau_x_total', help: 'X.' }).with().add(1);
    expect(await call('GET', '/metrics')).toMatchObject({ status: 200, contentType: expect.stringContaining('text/plain') as unknown });
    expect((await call('GET', '/metrics')).body).toContain('moldau_x_total 1');
    expect(await call('GET', '/healthz')).toMatchObject({ status: 200 });
    expect(await call('HEAD', '/healthz')).toMatchObject({ status: 200 });
  });

  it('answers /readyz with the reasons while it is not ready', async () => {
    const { call, readiness } = admin();
    let reason: string | undefined = 'fenced';
    readiness.add('broker', () => reason);
    readiness.add('storage', () => undefined);
    expect(await call('GET', '/readyz')).toMatchObject({ status: 503, body: '{"ready":false,"reasons":{"broker":"fenced"}}\n' });
    reason = undefined;
    expect(await call('GET', '/readyz')).toMatchObject({ status: 200, body: '{"ready":true}\n' });
  });

  it('reads and changes the log level', async () => {
    const { call, log } = admin();
    expect((await call('GET', '/loglevel')).body).toBe('{"level":"info"}\n');
    expect(await call('PUT', '/loglevel', '{"level":"debug"}')).toMatchObject({ status: 200 });
    expect(log.level).toBe('debug');
  });

  it.each(['', 'debug', '{}', '{"level":"loud"}', 'null', '[]'])('refuses %j as a log level and says which there are', async (body) => {
    const { call, log } = admin();
    const answer = await call('PUT', '/loglevel', body);
    expect(answer.status).toBe(400);
    expect(answer.body).toContain('trace, debug, info');
    expect(log.level).toBe('info');
  });

  it('answers 404 for another path and 405 for another method', async () => {
    const { call } = admin();
    expect(await call('GET', '/nothing')).toMatchObject({ status: 404 });
    expect(await call('DELETE', '/loglevel')).toMatchObject({ status: 405 });
  });
});

it('watchReadiness tells of the beginning and of each change', async () => {
  const readiness = createReadiness();
  let reason: string | undefined = 'starting';
  readiness.add('broker', () => reason);
  const seen: boolean[] = [];
  const watch = watchReadiness(readiness, (ready) => void seen.push(ready));
  reason = undefined;
  await new Promise((wake) => setTimeout(wake, 500));
  watch.stop();
  expect(seen).toEqual([false, true]);
});
