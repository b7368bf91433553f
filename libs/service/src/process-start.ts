// What must be settled before any other module of a service is loaded: a process imports this first, for its effects.
import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Eight flushes at once, four codecs, and reads beside them (docs/ARCHITECTURE.md); libuv's own default is 4. */
const THREADS = '16';

/**
 * A service's heap is small and lives long, while hundreds of megabytes a second of messages pass beside it, and V8 collects
 * the whole heap each time some tens of them have. Measured on two cores at 130 MB/s: marking bit by bit, with helper
 * threads, took 180 collections and the core the clients need; marking at once took 40, of 25 ms at most. A young
 * generation that does not grow is collected often enough that most messages never wait for the old one, and the
 * transport collects it by the bytes that pass (`platform-node`'s `message-garbage.ts`), for which it needs `gc`.
 */
const GARBAGE_COLLECTION = ['--no-incremental-marking', '--semi-space-growth-factor=1', '--expose-gc'] as const;

// libuv reads the variable when the pool is first used.
process.env['UV_THREADPOOL_SIZE'] ??= THREADS;

for (const flag of GARBAGE_COLLECTION) setFlagsFromString(flag);
globalThis.gc ??= runInNewContext('gc') as typeof globalThis.gc;

// A third of the time to start went into compiling the same modules again. Where the folder can't be written, nothing is kept.
enableCompileCache(fileURLToPath(new URL('../../../node_modules/.cache/moldau-compile', import.meta.url)));
