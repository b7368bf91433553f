import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { spawnStandalone } from '@moldau/harness';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installClient, ROOT } from './install-client.ts';

const run = promisify(execFile);
const SETUP_TIMEOUT_MS = 180_000;

/** What a user writes, in TypeScript. A port that nothing listens on answers at once. */
const PROGRAM = `
import { createMoldau, MoldauError, serdes, type ConsumedRecord, type RecordMetadata } from '@moldau/client';

interface Flight { readonly from: string; readonly delay: number }

const moldau = createMoldau({ bootstrap: '127.0.0.1:1', requestTimeoutMs: 1000 });
const producer = moldau.producer({ valueSerializer: serdes.json<Flight>(), keySerializer: serdes.string, maxBlockMs: 500, compression: 'zstd' });
const consumer = moldau.consumer({ assignment: [{ topic: 'flights', from: { timestampMs: 0 } }], valueDeserializer: serdes.json<Flight>() });

const reasons: string[] = [];
const note = (error: unknown): void => { reasons.push(error instanceof MoldauError ? error.reason : String(error)); };

await moldau.admin().describeCluster().catch(note);
const sent: Promise<RecordMetadata> = producer.send({ topic: 'flights', key: 'PRG', value: { from: 'PRG', delay: 3 } });
await sent.catch(note);
try {
  for await (const record of consumer) {
    const typed: ConsumedRecord<Uint8Array, Flight> = record;
    reasons.push(String(typed.value?.delay));
  }
} catch (error) {
  note(error);
}
await moldau.close();
console.log(JSON.stringify({ reasons, version: process.version }));
`;

/** Writes and reads with every codec; the codecs of this Node are others than those of the Node that serves. */
const CODECS_PROGRAM = `
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

const CONFIG = {
  compilerOptions: {
    target: 'es2022',
    module: 'nodenext',
    lib: ['es2022', 'esnext.disposable'],
    strict: true,
    types: ['node'],
    outDir: 'out',
  },
  files: ['program.mts'],
};

let folder = '';
let built = '';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'moldau-node20-'));
  built = await installClient(folder, ['@types/node', 'undici-types']);
  writeFileSync(join(folder, 'program.mts'), PROGRAM);
  writeFileSync(join(folder, 'codecs.mjs'), CODECS_PROGRAM);
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(CONFIG));
}, SETUP_TIMEOUT_MS);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The first Node 20 on the path that is not one of npm's own. */
async function findNode20(): Promise<string | undefined> {
  const candidates = (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter((entry) => !entry.includes('node_modules'))
    .map((entry) => join(entry, 'node'))
    .filter(existsSync);
  for (const candidate of candidates) {
    const { stdout } = await run(candidate, ['--version']).catch(() => ({ stdout: '' }));
    if (stdout.startsWith('v20.')) return candidate;
  }
  return undefined;
}

async function compile(): Promise<void> {
  await run(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', folder]).catch((error: unknown) => {
    throw new Error(error instanceof Error && 'stdout' in error ? String(error.stdout) : String(error));
  });
}

describe('the published package', () => {
  it('names what it needs, and nothing of the workspace', () => {
    const manifest = JSON.parse(readFileSync(join(built, 'package.json'), 'utf8')) as { dependencies: Record<string, string> };
    expect(Object.keys(manifest.dependencies)).toContain('@grpc/grpc-js');
    expect(Object.keys(manifest.dependencies).filter((name) => name.startsWith('@moldau/'))).toEqual([]);
    expect(readFileSync(join(built, 'index.js'), 'utf8')).not.toMatch(/from "@moldau\//);
    expect(readdirSync(join(built, 'types'))).toContain('client');
  });

  it(
    "a user's program compiles against its types, and runs on Node 20",
    async (context) => {
      await compile();
      const node20 = await findNode20();
      if (node20 === undefined) {
        console.log('skipped: no Node 20 on the path');
        context.skip('no Node 20 on the path');
      }
      const { stdout } = await run(node20 ?? '', [join(folder, 'out/program.mjs')], { timeout: 30_000 });
      const { reasons, version } = JSON.parse(stdout) as { reasons: string[]; version: string };
      expect(version).toMatch(/^v20\./);
      expect(reasons).toEqual(['SERVER_UNREACHABLE', 'SERVER_UNREACHABLE', 'SERVER_UNREACHABLE']);
    },
    SETUP_TIMEOUT_MS,
  );

  it(
    'writes and reads with every codec on Node 20',
    async (context) => {
      const node20 = await findNode20();
      if (node20 === undefined) context.skip('no Node 20 on the path');
      await using server = await spawnStandalone();
      const { stdout } = await run(node20 ?? '', [join(folder, 'codecs.mjs'), server.address], { timeout: 60_000 });
      const { read, version } = JSON.parse(stdout) as { read: Record<string, number>; version: string };
      expect(version).toMatch(/^v20\./);
      expect(read).toEqual({ none: 500, gzip: 500, snappy: 500, lz4: 500, zstd: 500 });
    },
    SETUP_TIMEOUT_MS,
  );
});
