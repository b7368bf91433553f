import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type ConnectRig, type RigWorker, startRig } from './fixture/connect-rig.ts';
import { readTopic } from './fixture/read-topic.ts';
import { type Config, statesOf } from './fixture/rest-client.ts';

const WAIT = { timeout: 60_000, interval: 100 };
const PLUGINS = fileURLToPath(new URL('./fixture/plugins', import.meta.url));
const SECRET = 'correct-horse-battery';

let rig: ConnectRig;
let worker: RigWorker;

beforeAll(async () => {
  rig = await startRig();
  const folder = `${rig.scratch.path}/plugins`;
  const outside = `${rig.scratch.path}/outside`;
  for (const path of [folder, outside]) mkdirSync(path);
  for (const name of ['throws-at-load', 'spins-at-load', 'misbehaves']) symlinkSync(`${PLUGINS}/${name}`, `${outside}/${name}`);
  symlinkSync(outside, `${folder}/escape`);
  writeFileSync(`${outside}/plugin.js`, 'export const plugin = { name: "escape", definitions: [] };');
  writeFileSync(`${rig.scratch.path}/secret`, `password=${SECRET}\n`);
  worker = await rig.startWorker('one', ['--plugin-path', PLUGINS]);
  await worker.rest.apply('steady', configOf('beats', 'steady'));
  await reaches('steady', 'RUNNING RUNNING');
}, 120_000);

afterAll(async () => rig?.[Symbol.asyncDispose]());

function configOf(how: string, topic: string, more: Config = {}): Config {
  const quick = { 'restart.max.attempts': '1', 'restart.backoff.ms': '50' };
  return { 'connector.class': 'Misbehaving', how, topic, ...quick, ...more };
}

async function reaches(name: string, states: string): Promise<string> {
  await vi.waitFor(async () => expect(statesOf(await worker.rest.status(name))).toBe(states), WAIT);
  return (await worker.rest.status(name)).tasks[0]?.trace ?? '';
}

async function steadyCount(): Promise<number> {
  return (await readTopic(rig.moldau, 'steady')).length;
}

describe('a task that misbehaves', () => {
  it('is ended and reported when it spins, leaks or throws, while another goes on without a restart', async () => {
    const before = await steadyCount();
    await Promise.all([
      worker.rest.apply('spinning', configOf('spins', 'spinning', { 'task.stall.timeout.ms': '2000' })),
      worker.rest.apply('leaking', configOf('leaks', 'leaking', { 'task.memory.max.mb': '32' })),
      worker.rest.apply('hoarding', configOf('leaks-buffers', 'hoarding', { 'task.memory.max.mb': '64' })),
      worker.rest.apply('throwing', configOf('throws', 'throwing')),
    ]);
    expect(await reaches('throwing', 'RUNNING FAILED')).toMatch(/the outside said no[^]*given up after 1 restarts/);
    expect(await reaches('spinning', 'RUNNING FAILED')).toMatch(/event loop was blocked[^]*task.stall.timeout.ms is 2000/);
    expect(await reaches('leaking', 'RUNNING FAILED')).toMatch(/memory[^]*task.memory.max.mb is 32/);
    expect(await reaches('hoarding', 'RUNNING FAILED')).toMatch(/MiB of buffers[^]*task.memory.max.mb, which is 64/);
    await vi.waitFor(async () => expect(await steadyCount()).toBeGreaterThan(before + 20), WAIT);
    const values = (await readTopic(rig.moldau, 'steady')).map(({ value }) => Number(value));
    expect(values).toEqual(values.map((_value, index) => index + 1));
    const { body } = await worker.rest.call<string>('GET', '/health');
    expect(body).toMatchObject({ status: 'healthy' });
  }, 150_000);

  it('is started again by a person after its budget is used up', async () => {
    await worker.rest.apply('again', configOf('throws', 'again'));
    await reaches('again', 'RUNNING FAILED');
    expect((await worker.rest.call('POST', '/connectors/again/restart?includeTasks=true&onlyFailed=true')).status).toBe(202);
    await vi.waitFor(async () => expect(statesOf(await worker.rest.status('again'))).not.toBe('RUNNING FAILED'), WAIT);
    await reaches('again', 'RUNNING FAILED');
    await worker.rest.apply('again', configOf('beats', 'again'));
    await reaches('again', 'RUNNING RUNNING');
  }, 120_000);
});

describe('a plugin', () => {
  it('that throws or spins at load is a fault in the log, and the others are there', async () => {
    const { body } = await worker.rest.call<readonly { readonly class: string }[]>('GET', '/connector-plugins');
    expect(body.map((one) => one.class)).toContain('Misbehaving');
    const log = worker.service.process.stdout() + worker.service.process.stderr();
    expect(log).toMatch(/throws-at-load[^\n]*a library that is not there/);
    expect(log).toMatch(/spins-at-load[^\n]*did not load within/);
  });

  it('whose folder leads out of the plugin folder is never loaded', async () => {
    await using other = await rig.startWorker('two', ['--plugin-path', `${rig.scratch.path}/plugins`, '--group-id', 'other']);
    expect(other.service.process.stdout() + other.service.process.stderr()).toMatch(/escape[^\n]*leads out of the plugin folder/);
  }, 120_000);
});

describe('a secret', () => {
  it('by reference reaches the task and is in no answer, trace, topic or log line', async () => {
    const reference = `\${file:${rig.scratch.path}/secret:password}`;
    await worker.rest.apply('secretive', configOf('tells-secret', 'secretive', { 'secret.value': reference }));
    expect(await reaches('secretive', 'RUNNING FAILED')).toContain('no access with [hidden]');
    await worker.rest.apply('open', configOf('tells-secret', 'open', { 'secret.value': SECRET }));
    await reaches('open', 'RUNNING FAILED');
    const paths = ['/connectors?expand=info&expand=status', '/connectors/open/config', '/connectors/open/tasks', '/connectors/secretive'];
    for (const path of paths) expect(JSON.stringify((await worker.rest.call('GET', path)).body)).not.toContain(SECRET);
    expect((await worker.rest.call<Config>('GET', '/connectors/secretive/config')).body['secret.value']).toBe(reference);
    const validated = await worker.rest.call('PUT', '/connector-plugins/Misbehaving/config/validate', {
      ...configOf('beats', 'x', { 'secret.value': SECRET }),
      name: 'x',
    });
    expect(validated.status).toBe(200);
    expect(JSON.stringify(validated.body)).not.toContain(SECRET);
    const status = (await readTopic(rig.moldau, '_connect-connect-cluster-status')).map(({ value }) => value).join('\n');
    expect(status).toContain('[hidden]');
    expect(status).not.toContain(SECRET);
    expect(worker.service.process.stdout() + worker.service.process.stderr()).not.toContain(SECRET);
  }, 120_000);

  it('that is sent back as it was shown stays what it was', async () => {
    const { body } = await worker.rest.call<Config>('GET', '/connectors/open/config');
    expect(body['secret.value']).toBe('[hidden]');
    await worker.rest.apply('open', { ...body, 'restart.backoff.ms': '60' });
    expect(await reaches('open', 'RUNNING FAILED')).toContain('no access with [hidden]');
    const missing = configOf('beats', 'x', { 'secret.value': '${env:NOT_THERE}' });
    const refused = await worker.rest.call('PUT', '/connectors/missing/config', missing);
    expect(refused.status).toBe(400);
    expect(JSON.stringify(refused.body)).toMatch(/secret.value[^]*NOT_THERE/);
  }, 120_000);
});
