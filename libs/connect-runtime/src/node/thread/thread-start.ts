import { enableCompileCache } from 'node:module';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Where the worker's process keeps compiled code, if it does: half of the time in which a thread starts goes into compiling the same again. */
const CACHE_VARIABLE = 'MOLDAU_THREAD_COMPILE_CACHE';

const cache = process.env[CACHE_VARIABLE];
if (cache !== undefined) enableCompileCache(cache);

// The transport collects the young generation by the bytes that pass (platform-node's message-garbage.ts), for which it needs `gc`.
setFlagsFromString('--expose-gc');
globalThis.gc ??= runInNewContext('gc') as typeof globalThis.gc;

await import('./thread-main.ts');
