import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MoldauError } from '@moldau/kernel';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfiguration } from './load-configuration.ts';
import { Secret } from './secret.ts';
import { addresses, boolean, bytes, defaulted, integer, oneOf, optional, path, port, required, secret } from './setting-kinds.ts';

const SETTINGS = {
  dataDir: required(path(), { doc: 'Where.' }),
  port: defaulted(port({ free: true }), { default: 9092, doc: 'Port.' }),
  cacheBytes: defaulted(bytes(0, 2 ** 30), { default: 1024, doc: 'Memory.' }),
  mode: defaulted(oneOf('fast', 'safe'), { default: 'safe', doc: 'Mode.' }),
  verbose: defaulted(boolean(), { default: false, doc: 'Talks.' }),
  seeds: defaulted(addresses(), { default: [], doc: 'Seeds.' }),
  waitMs: defaulted(integer(1, 10), { default: 5, unit: 'ms', doc: 'Wait.' }),
  password: optional(secret(), { doc: 'Secret.' }),
};

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'moldau-configuration-'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

async function failure(flags: readonly string[], environment: Record<string, string> = {}): Promise<MoldauError> {
  const outcome = await loadConfiguration(SETTINGS, { flags, environment }).catch((error: unknown) => error);
  expect(outcome).toBeInstanceOf(MoldauError);
  return outcome as MoldauError;
}

describe('loadConfiguration', () => {
  it('takes a flag before the environment, that before the file, that before the default', async () => {
    const settings = file('precedence.yaml', 'port: 1\ncacheBytes: 2 KiB\nmode: fast\n');
    const { values, sources } = await loadConfiguration(SETTINGS, {
      flags: ['--config-file', settings, '--port', '3', '--data-dir=/flag'],
      environment: { MOLDAU_PORT: '2', MOLDAU_CACHE_BYTES: '3 KiB', MOLDAU_DATA_DIR: '/environment' },
    });
    expect(values).toMatchObject({ port: 3, cacheBytes: 3072, mode: 'fast', dataDir: '/flag', waitMs: 5 });
    expect(sources.get('port')).toBe('flag --port');
    expect(sources.get('cacheBytes')).toBe('environment MOLDAU_CACHE_BYTES');
    expect(sources.get('mode')).toBe(`file ${settings}`);
    expect(sources.get('waitMs')).toBe('default');
  });

  it('reads JSON as well, with values that are no text', async () => {
    const settings = file('settings.json', '{"dataDir": "/d", "verbose": true, "seeds": ["a:1", "[::1]:2"], "port": 0}');
    const { values } = await loadConfiguration(SETTINGS, { flags: [], environment: { MOLDAU_CONFIG_FILE: settings } });
    expect(values).toMatchObject({ verbose: true, seeds: ['a:1', '[::1]:2'], port: 0 });
  });

  it('takes a switch without a value as true', async () => {
    const { values } = await loadConfiguration(SETTINGS, { flags: ['--data-dir', '/d', '--verbose'], environment: {} });
    expect(values.verbose).toBe(true);
  });

  it('names every fault at once, each with setting, value, limit and source', async () => {
    const error = await failure(['--port', '70000', '--colour', 'red', 'stray'], {
      MOLDAU_WAIT_MS: '11',
      MOLDAU_MODE: 'wild',
      MOLDAU_SEEDS: 'nowhere',
      MOLDAU_TYPO: 'x',
    });
    expect(error.reason).toBe('INVALID_CONFIG');
    for (const part of [
      'port = 70000 (flag --port): must be a port 0 … 65535',
      'colour',
      'stray',
      'waitMs = 11 (environment MOLDAU_WAIT_MS): must be a whole number 1 … 10',
      'mode = wild (environment MOLDAU_MODE): must be one of fast, safe',
      'seeds = nowhere',
      'MOLDAU_TYPO = x (environment MOLDAU_TYPO): there is no such setting',
      'dataDir (not set): is required: --data-dir, MOLDAU_DATA_DIR, or dataDir in the file',
    ]) {
      expect(error.message).toContain(part);
    }
  });

  it('takes an empty variable as none, where the setting may be left out, and as a wrong value elsewhere', async () => {
    const { values } = await loadConfiguration(SETTINGS, { flags: ['--data-dir', '/d'], environment: { MOLDAU_PASSWORD: '' } });
    expect(values.password).toBeUndefined();
    expect((await failure(['--data-dir', '/d'], { MOLDAU_PORT: '' })).message).toContain('port =  (environment MOLDAU_PORT)');
    expect((await failure([], { MOLDAU_DATA_DIR: '' })).message).toContain('dataDir');
    expect((await failure(['--data-dir', '/d', '--password='])).message).toContain('password');
  });

  it("takes a variable that is the command line's, too, where it is a setting of the service", async () => {
    const environment = { MOLDAU_BOOTSTRAP: 'b1:9092', MOLDAU_DATA_DIR: '/d' };
    const settings = { ...SETTINGS, bootstrap: defaulted(addresses(), { default: ['127.0.0.1:9092'], doc: 'Brokers.' }) };
    expect((await loadConfiguration(settings, { flags: [], environment })).values.bootstrap).toEqual(['b1:9092']);
    await expect(loadConfiguration(SETTINGS, { flags: [], environment })).resolves.toBeDefined();
  });

  it.each(['', 'x', '1.5', '1e3', '0x10', ' '])('refuses %j as a number', async (value) => {
    expect((await failure(['--data-dir', '/d', `--wait-ms=${value}`])).message).toContain('waitMs');
  });

  it('refuses an unknown name in the file, and a file that is none', async () => {
    const unknown = file('unknown.yaml', 'dataDir: /d\nprot: 1\n');
    expect((await failure(['--config-file', unknown])).message).toContain(`prot = 1 (file ${unknown}): there is no such setting`);
    expect((await failure(['--config-file', join(folder, 'missing.yaml'), '--data-dir', '/d'])).message).toContain("can't be read");
    expect((await failure(['--config-file', file('list.yaml', '- 1\n'), '--data-dir', '/d'])).message).toContain('must be a map');
    expect((await failure(['--config-file', file('broken.yaml', '{"a": '), '--data-dir', '/d'])).message).toContain("can't be read");
  });

  it("leaves alone variables of other services and those Kubernetes sets for a Service named 'moldau…'", async () => {
    const environment = {
      MOLDAU_BOOTSTRAP: 'a:1',
      MOLDAU_ETCD_ENDPOINTS: 'a:1',
      MOLDAU_PORT: 'tcp://10.0.0.1:9092',
      MOLDAU_SERVICE_HOST: '10.0.0.1',
      MOLDAU_PORT_9092_TCP_ADDR: '10.0.0.1',
    };
    const otherVariables = new Set(['MOLDAU_ETCD_ENDPOINTS']);
    const { values } = await loadConfiguration(SETTINGS, { flags: ['--data-dir', '/d'], environment, otherVariables });
    expect(values.port).toBe(9092);
  });

  it('applies rules over several settings once each is sound, and freezes what it hands out', async () => {
    const from = { flags: ['--data-dir', '/d', '--port', '7'], environment: {} };
    const rule = (): { setting: string; limit: string }[] => [{ setting: 'port', limit: 'must differ from the admin port' }];
    await expect(loadConfiguration(SETTINGS, from, [rule])).rejects.toThrow('port = 7 (flag --port): must differ');
    expect(Object.isFrozen((await loadConfiguration(SETTINGS, from)).values)).toBe(true);
  });

  it('takes secrets by reference only and never prints their value', async () => {
    const secretFile = file('password', 'top secret\n');
    const { values } = await loadConfiguration(SETTINGS, {
      flags: ['--data-dir', '/d', '--password', `file:${secretFile}`],
      environment: {},
    });
    expect(values.password?.reveal()).toBe('top secret');
    expect(JSON.stringify(values)).not.toContain('top secret');
    expect(new Secret('env:PASS').reveal({ PASS: 'word' })).toBe('word');
    expect(() => new Secret('env:NONE').reveal({})).toThrow('secret env:NONE');
    expect(() => new Secret('file:/does/not/exist').reveal()).toThrow("can't be read");
    expect((await failure(['--data-dir', '/d', '--password', 'plain'])).message).toContain('a reference to the secret');
  });
});
