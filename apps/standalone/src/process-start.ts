import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

// What must be settled before any other module is loaded.

/** Eight flushes at once, four codecs, and reads beside them (docs/ARCHITECTURE.md); libuv's own default is 4. */
const THREADS = '16';

// libuv reads the variable when the pool is first used.
process.env['UV_THREADPOOL_SIZE'] ??= THREADS;

// A third of the time to start went into compiling the same modules again. Where the folder can't be written, nothing is kept.
enableCompileCache(fileURLToPath(new URL('../../../node_modules/.cache/moldau-compile', import.meta.url)));
