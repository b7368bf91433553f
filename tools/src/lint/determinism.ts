import { builtinModules } from 'node:module';

/**
 * What deterministic code must not touch, each with its replacement. A whole cluster replays from a seed only while all
 * time, randomness and input come through ports (docs/ARCHITECTURE.md, "Deterministic by construction").
 */

/** Folders of the state machines and protocol drivers: everything through ports. */
export const CORE_FOLDERS = [
  'libs/cluster',
  'libs/storage',
  'libs/replication',
  'libs/groups',
  'libs/transactions',
  'libs/shards',
  'libs/broker',
  'libs/coordinator',
  'libs/testkit',
  'libs/client',
  'libs/connect',
  'libs/streams',
  'libs/connect-runtime',
  'libs/streams-runtime',
  // Bytes in, bytes out; the same ban, though they take no ports.
  'libs/kernel',
  'libs/records',
  'libs/protocol',
] as const;

/** The SDK's entry point for Node: the one folder of a core that builds the ports instead of taking them. */
export const NODE_ENTRY_FILES = 'libs/*/src/node/**/*.ts';

const CLOCK = 'Take a Clock: monotonicMs() for durations, sessions and deadlines, wallMs() for timestamps of records.';
const SCHEDULER = 'Take a Scheduler: nextTurn() or after(delayMs, …), which returns a Timer.';
const RANDOM = 'Take a Random (fraction(), below()); ids come from Ids.uuid().';
const DISK = 'Take a Disk: files, names and their durability are its contract.';
const TRANSPORT = 'Take a Channel or a Connector for calls; serve with CallHandlers.';
const COMPUTE = 'Take a Compute: long work leaves the event loop through it.';
const OPTIONS = 'Take it as an option: the app reads the environment once, at its edge.';
const NOTHING = 'Deterministic code uses no module of Node but buffer, events, util and the synchronous half of zlib.';

/** The codecs of node:zlib, as its functions are named. */
const ZLIB_CODECS = [
  'brotliCompress',
  'brotliDecompress',
  'deflate',
  'deflateRaw',
  'gunzip',
  'gzip',
  'inflate',
  'inflateRaw',
  'unzip',
  'zstdCompress',
  'zstdDecompress',
] as const;

export interface RestrictedName {
  readonly name: string;
  readonly message: string;
}

/** Globals that bring in time, randomness, input or the order of garbage collection. */
export const BANNED_GLOBALS: readonly RestrictedName[] = [
  ...named(['Date', 'performance'], CLOCK),
  ...named(['setTimeout', 'setInterval', 'setImmediate', 'clearTimeout', 'clearInterval', 'clearImmediate'], SCHEDULER),
  ...named(['crypto'], RANDOM),
  ...named(['fetch', 'WebSocket', 'EventSource', 'XMLHttpRequest'], TRANSPORT),
  ...named(['Worker', 'MessageChannel', 'BroadcastChannel', 'CompressionStream', 'DecompressionStream'], COMPUTE),
  ...named(['process'], `${OPTIONS} For time and turns take a Clock and a Scheduler.`),
  ...named(['WeakRef', 'FinalizationRegistry'], 'The garbage collector runs when it likes, so what it decides does not replay.'),
];

/** Types of the same; the rule on globals looks only at values. */
export const BANNED_TYPES = { Date: { message: CLOCK } };

export interface RestrictedProperty {
  readonly object: string;
  readonly property: string;
  readonly message: string;
}

export const BANNED_PROPERTIES: readonly RestrictedProperty[] = [
  { object: 'Math', property: 'random', message: RANDOM },
  { object: 'AbortSignal', property: 'timeout', message: `${SCHEDULER} Abort an AbortController from it.` },
  { object: 'process', property: 'hrtime', message: CLOCK },
  ...BANNED_GLOBALS.map(({ name, message }) => ({ object: 'globalThis', property: name, message })),
  ...ZLIB_CODECS.map((name) => ({ object: 'zlib', property: name, message: `Only zlib's synchronous functions. ${COMPUTE}` })),
];

const REPLACEMENTS: Readonly<Record<string, string>> = {
  fs: DISK,
  'fs/promises': DISK,
  net: TRANSPORT,
  tls: TRANSPORT,
  dgram: TRANSPORT,
  dns: TRANSPORT,
  'dns/promises': TRANSPORT,
  http: TRANSPORT,
  https: TRANSPORT,
  http2: TRANSPORT,
  timers: SCHEDULER,
  'timers/promises': SCHEDULER,
  perf_hooks: CLOCK,
  crypto: RANDOM,
  worker_threads: COMPUTE,
  child_process: COMPUTE,
  process: OPTIONS,
  os: OPTIONS,
};

/** Modules of Node without clocks, randomness or input. */
const HARMLESS = new Set(['buffer', 'events', 'util', 'util/types', 'string_decoder']);

/**
 * Names of node:zlib that return their result: the asynchronous half runs on threads in an order that does not replay.
 * The default export is for code that also runs on a Node without zstd; it must be called `zlib`, by which its
 * asynchronous functions are found.
 */
const ZLIB_SYNCHRONOUS = ['constants', 'crc32', 'default', ...ZLIB_CODECS.map((name) => `${name}Sync`)];

/** An entry of `paths` of the rule no-restricted-imports. */
export interface RestrictedPath {
  readonly name: string;
  readonly message: string;
  readonly allowImportNames?: string[];
  readonly allowTypeImports?: boolean;
}

/** Every banned module of Node, under both of its spellings. */
export const BANNED_MODULES: readonly RestrictedPath[] = [
  ...plainBuiltins()
    .filter((name) => !HARMLESS.has(name) && name !== 'zlib')
    .flatMap((name) => bothSpellings(name, REPLACEMENTS[name] ?? NOTHING)),
  ...bothSpellings('zlib', `Only its synchronous functions, by name. ${COMPUTE}`).map((path) => ({
    ...path,
    allowImportNames: ZLIB_SYNCHRONOUS,
  })),
];

function plainBuiltins(): readonly string[] {
  const names = builtinModules.map((name) => name.replace(/^node:/, ''));
  // Some are listed only by newer versions of Node, or only with their prefix.
  return [...new Set([...names, 'sqlite', 'sea', 'test', 'test/reporters'])].filter((name) => !name.startsWith('_'));
}

function bothSpellings(name: string, message: string): readonly RestrictedPath[] {
  return [
    { name: `node:${name}`, message },
    { name, message },
  ];
}

function named(names: readonly string[], message: string): readonly RestrictedName[] {
  return names.map((name) => ({ name, message }));
}
