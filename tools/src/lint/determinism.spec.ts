import { beforeAll, describe, expect, it } from 'vitest';
import { layerOf, readProjects } from '../workspace/projects.ts';
import { CORE_FOLDERS } from './determinism.ts';
import { createFixtureLinter, type Finding, type FixtureLinter } from './lint-fixture.ts';

const SETUP_TIMEOUT_MS = 120_000;
const BAN_RULES = [
  'no-restricted-globals',
  'no-restricted-properties',
  '@typescript-eslint/no-restricted-imports',
  '@typescript-eslint/no-restricted-types',
];

let linter: FixtureLinter;

beforeAll(async () => {
  linter = await createFixtureLinter();
}, SETUP_TIMEOUT_MS);

async function bans(path: string, text: string): Promise<readonly Finding[]> {
  return (await linter.lint(path, text)).filter(({ rule }) => BAN_RULES.includes(rule));
}

/** Code that must not stand in a core, each with the rule that finds it and the port that the message names. */
const OFFENCES: readonly (readonly [code: string, rule: string, replacement: RegExp])[] = [
  ['export const now = Date.now();', 'no-restricted-globals', /Clock/],
  ['export const day = new Date(0);', 'no-restricted-globals', /Clock/],
  ['export type Day = Date;', '@typescript-eslint/no-restricted-types', /Clock/],
  ['export const now = performance.now();', 'no-restricted-globals', /Clock/],
  ['export const now = process.hrtime.bigint();', 'no-restricted-properties', /Clock/],
  ['export const home = process.env;', 'no-restricted-globals', /option/],
  ['export const timer = setTimeout(() => {}, 1);', 'no-restricted-globals', /Scheduler/],
  ['export const timer = setInterval(() => {}, 1);', 'no-restricted-globals', /Scheduler/],
  ['export const turn = setImmediate(() => {});', 'no-restricted-globals', /Scheduler/],
  ['export const turn = globalThis.setTimeout(() => {}, 1);', 'no-restricted-properties', /Scheduler/],
  ['export const signal = AbortSignal.timeout(5);', 'no-restricted-properties', /Scheduler/],
  ['export const dice = Math.random();', 'no-restricted-properties', /Random/],
  ['export const id = crypto.randomUUID();', 'no-restricted-globals', /Ids/],
  ["export const page = fetch('x:');", 'no-restricted-globals', /Channel/],
  ['export const ref = new WeakRef({});', 'no-restricted-globals', /garbage collector/],
  ["import { randomBytes } from 'node:crypto'; export const bytes = randomBytes(1);", '@typescript-eslint/no-restricted-imports', /Random/],
  ["import { randomBytes } from 'crypto'; export const bytes = randomBytes(1);", '@typescript-eslint/no-restricted-imports', /Random/],
  ["import { readFileSync } from 'node:fs'; export const read = readFileSync;", '@typescript-eslint/no-restricted-imports', /Disk/],
  ["import { open } from 'node:fs/promises'; export const file = open;", '@typescript-eslint/no-restricted-imports', /Disk/],
  ["import { connect } from 'node:net'; export const socket = connect;", '@typescript-eslint/no-restricted-imports', /Channel/],
  ["import { get } from 'node:http'; export const page = get;", '@typescript-eslint/no-restricted-imports', /Channel/],
  ["import { connect } from 'node:http2'; export const session = connect;", '@typescript-eslint/no-restricted-imports', /Channel/],
  ["import { Worker } from 'node:worker_threads'; export const worker = Worker;", '@typescript-eslint/no-restricted-imports', /Compute/],
  [
    "import { setTimeout as wait } from 'node:timers/promises'; export const pause = wait;",
    '@typescript-eslint/no-restricted-imports',
    /Scheduler/,
  ],
  [
    "import { setTimeout as later } from 'node:timers'; export const pause = later;",
    '@typescript-eslint/no-restricted-imports',
    /Scheduler/,
  ],
  ["import { spawn } from 'node:child_process'; export const child = spawn;", '@typescript-eslint/no-restricted-imports', /Compute/],
  [
    "import { performance as timing } from 'node:perf_hooks'; export const now = timing;",
    '@typescript-eslint/no-restricted-imports',
    /Clock/,
  ],
  ["import { gzip } from 'node:zlib'; export const pack = gzip;", '@typescript-eslint/no-restricted-imports', /Compute/],
  ["import * as zlib from 'node:zlib'; export const pack = zlib;", '@typescript-eslint/no-restricted-imports', /Compute/],
  [
    "import { DatabaseSync } from 'node:sqlite'; export const base = DatabaseSync;",
    '@typescript-eslint/no-restricted-imports',
    /no module of Node/,
  ],
];

describe('the ban on clocks, randomness and input', () => {
  it.each(OFFENCES)('in a core it finds: %s', async (code, rule, replacement) => {
    const found = await bans('libs/storage/src/fixture.ts', `${code}\n`);
    expect(found).toContainEqual({ rule, message: expect.stringMatching(replacement) as string });
  });

  it.each(CORE_FOLDERS)('holds in %s', async (folder) => {
    const found = await bans(`${folder}/src/deep/fixture.ts`, 'export const now = [Date.now(), Math.random()];\n');
    expect(found.map(({ rule }) => rule).sort()).toEqual(['no-restricted-globals', 'no-restricted-properties']);
  });

  it('holds for every core, server and model library there is', () => {
    // Real servers for specs are processes: nothing of them replays.
    const projects = readProjects().filter(({ folder }) => folder !== 'libs/real-systems');
    const bound = projects.filter((project) => ['kernel', 'model', 'core', 'sdk', 'server', 'testkit'].includes(layerOf(project) ?? ''));
    expect(bound.map(({ folder }) => folder).filter((folder) => !(CORE_FOLDERS as readonly string[]).includes(folder))).toEqual([]);
  });

  it('lets through what replays: microtasks, buffers, synchronous codecs', async () => {
    const text = [
      "import { Buffer } from 'node:buffer';",
      "import { deflateSync, zstdCompressSync } from 'node:zlib';",
      'queueMicrotask(() => {});',
      'export const packed = [deflateSync(Buffer.alloc(1)), zstdCompressSync(Buffer.alloc(1)), Math.max(1, 2)];',
    ].join('\n');
    expect(await bans('libs/records/src/fixture.ts', `${text}\n`)).toEqual([]);
  });

  it.each([
    'libs/storage/src/fixture.spec.ts',
    'libs/client/src/node/fixture.ts',
    'libs/platform-node/src/fixture.ts',
    'apps/broker/src/fixture.ts',
  ])('does not hold in %s', async (path) => {
    const text = "import { readFileSync } from 'node:fs';\nexport const now = [Date.now(), Math.random(), readFileSync];\n";
    expect(await bans(path, text)).toEqual([]);
  });
});
