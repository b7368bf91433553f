/** Eight flushes at once, four codecs, and reads beside them (docs/ARCHITECTURE.md); libuv's own default is 4. */
const THREADS = '16';

// libuv reads the variable when the pool is first used: this module comes before everything that could use it.
process.env['UV_THREADPOOL_SIZE'] ??= THREADS;
