import { getCompileCacheDir } from 'node:module';
import { dirname } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import type { ThreadJob, ThreadMessage, ThreadOrder } from '../thread/thread-messages.ts';

const ENTRY = new URL('../thread/thread-start.ts', import.meta.url);

/** Memory outside the heap, as buffers have it, is not bounded by the engine: a task may have so much of it for each MiB of heap. */
const BUFFERS_PER_HEAP = 4;
/** Loading code takes long on a busy machine, and nothing is heard meanwhile. */
const START_MS_MAX = 30_000;
const MIB = 1024 * 1024;
/** Records live for as long as their batch is under way: in a smaller young generation most of them would grow old. */
const YOUNG_MB = 96;

/**
 * The services' young generation does not grow (`@moldau/service/process-start`), as what passes them are messages; what passes
 * a task are records, each of which is some objects. Of the whole process, and no flag of single threads.
 */
setFlagsFromString('--semi-space-growth-factor=2');

export interface ThreadLimits {
  /** Heap, in MiB. */
  readonly memoryMb: number;
  /** Silence after which it is ended. */
  readonly stallMs: number;
}

export interface ThreadEvents {
  message(message: ThreadMessage): void;
  /** It is gone; why, unless it was told to stop or had done its work. Once, and last. */
  exited(cause: string | undefined): void;
}

/** A thread that runs code of plugins: what it does to itself ends it and nothing else. */
export interface TaskThread {
  order(order: ThreadOrder): void;
  /** Asks it to stop, and ends it after so long. */
  stop(graceMs: number): void;
}

export function startThread(job: ThreadJob, limits: ThreadLimits, events: ThreadEvents): TaskThread {
  const cache = getCompileCacheDir();
  const worker = new Worker(ENTRY, {
    workerData: job,
    ...(cache === undefined ? {} : { env: { ...process.env, MOLDAU_THREAD_COMPILE_CACHE: dirname(cache) } }),
    resourceLimits: { maxOldGenerationSizeMb: limits.memoryMb, maxYoungGenerationSizeMb: YOUNG_MB },
    name: job.t,
  });
  let cause: string | undefined;
  let heardMs = performance.now();
  let hasSpoken = false;
  const watch = setInterval(
    () => {
      const silentMs = performance.now() - heardMs;
      if (silentMs < (hasSpoken ? limits.stallMs : Math.max(limits.stallMs, START_MS_MAX))) return;
      cause ??= `the event loop was blocked: nothing was heard of the task for ${Math.round(silentMs / 1000)} s (task.stall.timeout.ms is ${limits.stallMs})`;
      void worker.terminate();
    },
    Math.min(1_000, limits.stallMs / 2),
  );
  watch.unref();
  let grace: NodeJS.Timeout | undefined;
  worker.on('message', (message: ThreadMessage) => {
    heardMs = performance.now();
    hasSpoken = true;
    if (message.t === 'beat' && message.bufferBytes > limits.memoryMb * BUFFERS_PER_HEAP * MIB) {
      const found = `${Math.round(message.bufferBytes / MIB)} MiB of buffers`;
      cause ??= `out of memory: ${found}, more than ${BUFFERS_PER_HEAP} × task.memory.max.mb, which is ${limits.memoryMb}`;
      void worker.terminate();
    }
    if (message.t === 'failed') cause ??= message.cause;
    else events.message(message);
  });
  worker.on('error', (error: Error & { readonly code?: string }) => {
    const memory = error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? ` (task.memory.max.mb is ${limits.memoryMb})` : '';
    cause ??= `${error.stack ?? error.message}${memory}`;
  });
  worker.on('exit', () => {
    clearInterval(watch);
    clearTimeout(grace);
    events.exited(cause);
  });
  return {
    order: (order) => worker.postMessage(order),
    stop(graceMs): void {
      worker.postMessage({ t: 'stop' } satisfies ThreadOrder);
      grace ??= setTimeout(() => void worker.terminate(), graceMs);
    },
  };
}
