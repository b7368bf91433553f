import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { startChild } from '@moldau/harness';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type ConnectRig, type RigWorker, startRig } from './fixture/connect-rig.ts';

const MOLDAU = fileURLToPath(new URL('../../../apps/cli/src/main.ts', import.meta.url));
const WAIT = { timeout: 60_000, interval: 200 };

let rig: ConnectRig;
let worker: RigWorker;

beforeAll(async () => {
  rig = await startRig();
  worker = await rig.startWorker('one');
}, 120_000);

afterAll(async () => rig?.[Symbol.asyncDispose]());

interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

async function moldau(...argv: readonly string[]): Promise<Outcome> {
  const environment = { MOLDAU_WORKER: worker.rest.url.slice('http://'.length) };
  const child = startChild({ command: process.execPath, arguments: [MOLDAU, 'connector', ...argv], environment });
  const { code } = await child.ended;
  return { code, out: child.stdout(), err: child.stderr() };
}

async function json<Result>(...argv: readonly string[]): Promise<Result> {
  const { code, out, err } = await moldau(...argv, '-o', 'json');
  expect(code, err).toBe(0);
  return JSON.parse(out) as Result;
}

describe('moldau connector', () => {
  it('makes, changes, watches and ends connectors', async () => {
    writeFileSync(`${rig.scratch.path}/in`, 'a\nb\n');
    const file = `${rig.scratch.path}/in`;
    const made = await moldau('create', 'lines', '-c', 'connector.class=FileSource', '-c', `file=${file}`, '-c', 'topic=lines');
    expect(made, made.err).toEqual({ code: 0, out: 'connector lines is made\n', err: '' });
    await vi.waitFor(
      async () => expect((await moldau('list')).out).toMatch(/lines +│? *source +│? *FileSource +│? *RUNNING +│? *1 RUNNING/),
      WAIT,
    );
    const path = `${rig.scratch.path}/connectors.json`;
    const config = { 'connector.class': 'FileSource', file, topic: 'more', 'batch.size': 5 };
    writeFileSync(path, JSON.stringify([{ name: 'more', config }]));
    expect(await json('apply', '-f', path)).toEqual([
      { name: 'more', config: { ...config, name: 'more', 'batch.size': '5' }, created: true, tasks: [], type: 'source' },
    ]);
    expect((await moldau('apply', '-f', path)).out).toBe('connector more is as described\n');
    expect((await moldau('pause', 'lines')).code).toBe(0);
    await vi.waitFor(async () => expect(await json('status', 'lines')).toMatchObject({ tasks: [{ state: 'PAUSED' }] }), WAIT);
    expect((await moldau('resume', 'lines')).code).toBe(0);
    expect((await moldau('restart', 'lines', '--tasks')).code).toBe(0);
    await vi.waitFor(async () => expect((await moldau('status', 'lines')).out).toMatch(/task 0 +│? *RUNNING +│? *one/), WAIT);
    await vi.waitFor(async () => expect(await json<{ offsets: unknown[] }>('offsets', 'lines')).toMatchObject({ offsets: [{}] }), WAIT);
    expect((await moldau('offsets', 'lines', '--reset')).err).toMatch(/CONNECTOR_NOT_STOPPED/);
    expect((await moldau('stop', 'lines')).code).toBe(0);
    expect((await moldau('offsets', 'lines', '--reset')).out).toMatch(/reset successfully/);
    expect(await json('offsets', 'lines')).toEqual({ offsets: [] });
    expect((await moldau('delete', 'lines', 'more')).out).toBe('connector lines is deleted\nconnector more is deleted\n');
    expect(await json('list')).toEqual([]);
  }, 120_000);

  it('says all that is wrong with settings, and of what it can not do which thing and why', async () => {
    const settings = ['-c', 'connector.class=FileSource', '-c', 'batch.size=0', '-c', 'tpic=x'];
    const validated = await moldau('validate', 'x', ...settings);
    expect(validated.code).toBe(1);
    for (const part of [/file: missing/, /topic: missing/, /batch.size: /, /tpic: unknown setting.*did you mean topic/])
      expect(validated.out).toMatch(part);
    const refused = await moldau('create', 'x', ...settings);
    expect([refused.code, refused.err]).toEqual([1, expect.stringMatching(/CONNECTOR_CONFIG_INVALID[^]*tpic: /) as string]);
    expect((await moldau('status', 'nobody')).err).toMatch(/CONNECTOR_NOT_FOUND: Connector nobody not found/);
    expect(await moldau('create', 'x')).toMatchObject({ code: 2 });
    const away = await moldau('list', '--worker', '127.0.0.1:1', '--timeout', '2000');
    expect([away.code, away.err]).toEqual([3, expect.stringMatching(/127.0.0.1:1 does not answer[^]*--connector-workers/) as string]);
    const plugins = await json<readonly { readonly class: string }[]>('plugins');
    expect(plugins.map((plugin) => plugin.class)).toEqual(expect.arrayContaining(['DatagenSource', 'FileSink', 'FileSource']) as string[]);
    expect((await moldau('plugins', 'FileSink')).out).toMatch(/rotate\.max\.bytes/);
  }, 120_000);
});
