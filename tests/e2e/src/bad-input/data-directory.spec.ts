import { once } from 'node:events';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type ChildEnding, type ScratchDirectory, scratchDirectory, spawnStandalone, spawnStandaloneProcess } from '@moldau/harness';
import { crc32c } from '@moldau/records';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

/** Exit codes of services (libs/service/README.md). */
const ADDRESS_UNUSABLE = 71;
const DATA_UNUSABLE = 74;
const MISCONFIGURED = 78;

let scratch: ScratchDirectory;

beforeEach(() => {
  scratch = scratchDirectory('data-directory');
});

afterEach(() => scratch.remove());

interface Failure extends ChildEnding {
  readonly lines: readonly string[];
}

/** Starts standalone where it can't start; answers with how it ended and what it said. */
async function failedStart(dataDir: string, port = 0, flags: readonly string[] = []): Promise<Failure> {
  const child = spawnStandaloneProcess({ dataDir, port, flags });
  const ending = await child.ended;
  return { ...ending, lines: child.stderr().trim().split('\n') };
}

/** A data directory that a standalone has used. */
async function usedDirectory(): Promise<string> {
  const dataDir = join(scratch.path, 'data');
  const server = await spawnStandalone({ dataDir });
  expect(await server.stop()).toBe(0);
  return dataDir;
}

/** What docs/on-disk-format.md says of meta.json. */
interface MetaFile {
  format: number;
  content: Record<string, unknown>;
}

/** Changes meta.json as another version or another cluster would have written it: with a checksum that fits. */
function changeMeta(dataDir: string, change: (meta: MetaFile) => void): void {
  const path = join(dataDir, 'meta.json');
  const meta = JSON.parse(readFileSync(path, 'utf8')) as MetaFile;
  change(meta);
  const { format, content } = meta;
  const checksum = (crc32c(Buffer.from(`${format}:${JSON.stringify(content)}`)) >>> 0).toString(16).padStart(8, '0');
  writeFileSync(path, JSON.stringify({ format, crc32c: checksum, content }));
}

describe('standalone ends with one line that names the error, the thing and the limit, when', () => {
  it('its data directory is locked by another process, which goes on', async () => {
    const dataDir = join(scratch.path, 'data');
    await using server = await spawnStandalone({ dataDir });
    const { code, lines } = await failedStart(dataDir);
    expect(code).toBe(DATA_UNUSABLE);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('DATA_DIRECTORY_LOCKED');
    expect(lines[0]).toContain(dataDir);
    expect((await fetch(`http://${server.adminAddress}/readyz`)).status).toBe(200);
  });

  it('its data directory belongs to another cluster', async () => {
    const dataDir = await usedDirectory();
    changeMeta(dataDir, ({ content }) => void (content['clusterId'] = '11111111-1111-4111-8111-111111111111'));
    const { code, lines } = await failedStart(dataDir);
    expect(code).toBe(DATA_UNUSABLE);
    expect(lines.join()).toContain('WRONG_CLUSTER');
    expect(lines.join()).toContain('11111111-1111-4111-8111-111111111111');
  });

  it('its data directory belongs to another broker', async () => {
    const dataDir = await usedDirectory();
    const { code, lines } = await failedStart(dataDir, 0, ['--broker-id', '7']);
    expect(code).toBe(DATA_UNUSABLE);
    expect(lines.join()).toContain('WRONG_BROKER');
  });

  it.each<[string, (meta: MetaFile) => void]>([
    ['another format of the directory', ({ content }) => void (content['formatVersion'] = 2)],
    ['another format of its files', (meta) => void (meta.format = 2)],
  ])('its data directory was written by a newer version: %s', async (_, change) => {
    const dataDir = await usedDirectory();
    changeMeta(dataDir, change);
    const { code, lines } = await failedStart(dataDir);
    expect(code).toBe(DATA_UNUSABLE);
    expect(lines.join()).toContain('UNSUPPORTED_FORMAT');
  });

  it('the file that says whose its data directory is has been damaged', async () => {
    const dataDir = await usedDirectory();
    const path = join(dataDir, 'meta.json');
    writeFileSync(path, readFileSync(path, 'utf8').replace('"brokerId":1', '"brokerId":2'));
    const { code, lines } = await failedStart(dataDir);
    expect(code).toBe(DATA_UNUSABLE);
    expect(lines.join()).toContain('DATA_DIRECTORY_UNUSABLE');
    expect(lines.join()).toContain(path);
  });

  it('its data directory is a file', async () => {
    const path = join(scratch.path, 'file');
    writeFileSync(path, 'x');
    const { code, lines } = await failedStart(path);
    expect(code).toBe(DATA_UNUSABLE);
    expect(lines.join()).toContain('DATA_DIRECTORY_UNUSABLE');
  });

  it('its data directory can not be made', async (context) => {
    if (process.platform !== 'linux') return context.skip('only Linux has /proc');
    const { code, lines } = await failedStart('/proc/moldau/data');
    expect(code).toBe(DATA_UNUSABLE);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('DATA_DIRECTORY_UNUSABLE');
  });

  it('it may not write to its data directory', async (context) => {
    if (process.getuid?.() === 0) return context.skip('root may write anywhere; the read-only disk stands for it');
    const dataDir = join(scratch.path, 'forbidden');
    mkdirSync(dataDir);
    chmodSync(dataDir, 0o500);
    const { code, lines } = await failedStart(dataDir);
    expect(code).toBe(DATA_UNUSABLE);
    expect(lines.join()).toContain('DATA_DIRECTORY_UNUSABLE');
  });

  it('its port is in use', async () => {
    const squatter = createServer().listen(0, '127.0.0.1');
    await once(squatter, 'listening');
    const address = squatter.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    const { code, lines } = await failedStart(join(scratch.path, 'data'), address.port);
    squatter.close();
    expect(code).toBe(ADDRESS_UNUSABLE);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('ADDRESS_IN_USE');
    expect(lines[0]).toContain(`127.0.0.1:${address.port}`);
  });

  it('settings are wrong: all of them are named', async () => {
    const { code, lines } = await failedStart(join(scratch.path, 'data'), 0, ['--port', '70000', '--colour', 'red']);
    expect(code).toBe(MISCONFIGURED);
    expect(lines.join('\n')).toMatch(/colour/);
    expect(lines.join('\n')).toMatch(/port = 70000/);
  });
});
