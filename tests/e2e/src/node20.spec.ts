import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { spawnStandalone } from '@moldau/harness';
import { expect, it } from 'vitest';

const run = promisify(execFile);
const ROOT = resolve(import.meta.dirname, '../../..');
const CLIENT = join(ROOT, 'libs/client');
const TIMEOUT_MS = 180_000;

/** Writes and reads with every codec; the codecs of this Node are others than those of the Node that serves. */
const PROGRAM = `
import { COMPRESSION_NAMES, createMoldau, serdes } from '@moldau/client';
const moldau = createMoldau({ bootstrap: process.argv[2] });
const read = {};
const expected = Array.from({ length: 500 }, (_, i) => 'value ' + i + 'x'.repeat(i));
for (const compression of COMPRESSION_NAMES) {
  const topic = 'node20-' + compression;
  await moldau.admin().createTopics([{ name: topic, partitions: 2 }]);
  const producer = moldau.producer({ compression, keySerializer: serdes.string, valueSerializer: serdes.string });
  await Promise.all(expected.map((value, i) => producer.send({ topic, key: 'k' + i, value })));
  await producer.close();
  const consumer = moldau.consumer({ assignment: [{ topic, from: 'earliest' }], stopAtEnd: true, valueDeserializer: serdes.string });
  const values = new Set();
  for await (const { value } of consumer) values.add(value);
  read[compression] = expected.filter((value) => values.has(value)).length;
}
await moldau.close();
console.log(JSON.stringify({ read, version: process.version }));
`;

/** The first Node 20 on the path that is not one of npm's own. */
async function findNode20(): Promise<string | undefined> {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((entry) => !entry.includes('node_modules'));
  for (const candidate of folders.map((entry) => join(entry, 'node')).filter(existsSync)) {
    const { stdout } = await run(candidate, ['--version']).catch(() => ({ stdout: '' }));
    if (stdout.startsWith('v20.')) return candidate;
  }
  return undefined;
}

/** The built package in a folder of its own, with what it depends on beside it, as npm would install it. */
async function install(folder: string): Promise<void> {
  const built = join(folder, 'node_modules/@moldau/client');
  await run(process.execPath, [join(CLIENT, 'build.mjs'), built]);
  const { dependencies } = JSON.parse(readFileSync(join(built, 'package.json'), 'utf8')) as { dependencies: Record<string, string> };
  for (const name of Object.keys(dependencies)) {
    const installed = [CLIENT, join(ROOT, 'libs/records'), ROOT].map((root) => join(root, 'node_modules', name)).find(existsSync);
    if (installed === undefined) throw new Error(`${name} is not installed`);
    const path = join(folder, 'node_modules', name);
    mkdirSync(dirname(path), { recursive: true });
    symlinkSync(installed, path);
  }
}

it(
  'the published client writes and reads with every codec on Node 20',
  async (context) => {
    const node20 = await findNode20();
    if (node20 === undefined) context.skip('no Node 20 on the path');
    const folder = mkdtempSync(join(tmpdir(), 'moldau-node20-'));
    try {
      await install(folder);
      writeFileSync(join(folder, 'program.mjs'), PROGRAM);
      await using server = await spawnStandalone();
      const { stdout } = await run(node20 ?? '', [join(folder, 'program.mjs'), server.address], { timeout: 60_000 });
      const { read, version } = JSON.parse(stdout) as { read: Record<string, number>; version: string };
      expect(version).toMatch(/^v20\./);
      expect(read).toEqual({ none: 500, gzip: 500, snappy: 500, lz4: 500, zstd: 500 });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
  TIMEOUT_MS,
);
