import zlib from 'node:zlib';
import { type CompressionName, type Compute, MoldauError } from '@moldau/kernel';
import { compress, decompress, prepareCompression } from '@moldau/records';
import { createJobQueue } from './job-queue.ts';

export interface NodeComputeOptions {
  /** Jobs at once; default 4: the thread pool (16 in our services) also flushes files. */
  readonly concurrency?: number;
  /** Jobs that wait; one more rejects MEMORY_BUDGET_EXHAUSTED. Default 1024. */
  readonly queueMax?: number;
}

const CONCURRENCY = 4;
const QUEUE_MAX = 1024;
/** Below this the way to a thread and back costs more than the work. */
const THREAD_BYTES_MIN = 4 * 1024;
/** zlib asks memory for this much at a time. */
const CHUNK_BYTES_MAX = 256 * 1024;

type Codec = (bytes: Uint8Array, maxBytes: number, done: (error: Error | null, result: Buffer) => void) => void;

interface ThreadCodec {
  readonly compress: Codec;
  readonly decompress: Codec;
}

const gzip: ThreadCodec = {
  compress: (bytes, _maxBytes, done) => zlib.gzip(bytes, done),
  decompress: (bytes, maxBytes, done) => zlib.gunzip(bytes, boundedBy(bytes, maxBytes), done),
};

const zstd: ThreadCodec = {
  compress: (bytes, _maxBytes, done) => zlib.zstdCompress(bytes, done),
  decompress: (bytes, maxBytes, done) => zlib.zstdDecompress(bytes, boundedBy(bytes, maxBytes), done),
};

/**
 * Codecs on the thread pool of libuv, where Node has them: gzip, and zstd from Node 22.15 on. Snappy and lz4 run on the
 * calling thread: a batch of 1 MiB takes them a millisecond or two, about what handing it over and back costs.
 */
export function createNodeCompute(options: NodeComputeOptions = {}): Compute {
  const queue = createJobQueue(options.concurrency ?? CONCURRENCY, options.queueMax ?? QUEUE_MAX);
  return {
    compress: (codec, bytes) =>
      queue.run(async () => {
        const threads = threadCodec(codec, bytes);
        if (threads !== undefined) return onThread(threads.compress, bytes, 0);
        await prepareCompression(codec);
        return compress(codec, bytes);
      }),
    decompress: (codec, bytes, maxBytes) =>
      queue.run(async () => {
        const threads = threadCodec(codec, bytes);
        if (threads !== undefined) return decompressOnThread(codec, threads, bytes, maxBytes);
        await prepareCompression(codec);
        return decompress(codec, bytes, maxBytes);
      }),
  };
}

function threadCodec(codec: CompressionName, bytes: Uint8Array): ThreadCodec | undefined {
  if (bytes.length < THREAD_BYTES_MIN) return undefined;
  switch (codec) {
    case 'gzip':
      return gzip;
    case 'zstd':
      return typeof zlib.zstdCompress === 'function' ? zstd : undefined;
    case 'none':
    case 'snappy':
    case 'lz4':
      return undefined;
  }
}

async function decompressOnThread(codec: CompressionName, threads: ThreadCodec, bytes: Uint8Array, maxBytes: number): Promise<Uint8Array> {
  let output: Uint8Array;
  try {
    output = await onThread(threads.decompress, bytes, maxBytes);
  } catch (caught) {
    if (caught instanceof Error && 'code' in caught && caught.code === 'ERR_BUFFER_TOO_LARGE') throw limitExceeded(codec, maxBytes, caught);
    throw new MoldauError('CORRUPT_BATCH', `the batch holds bad ${codec} data`, { codec }, { cause: caught });
  }
  // zlib takes no limit below 1.
  if (output.length > maxBytes) throw limitExceeded(codec, maxBytes, undefined);
  return output;
}

function limitExceeded(codec: CompressionName, maxBytes: number, cause: unknown): MoldauError {
  const message = `the ${codec} data would decompress to more than ${maxBytes} bytes`;
  return new MoldauError('DECOMPRESSION_LIMIT_EXCEEDED', message, { codec, limit: String(maxBytes) }, { cause });
}

function boundedBy(bytes: Uint8Array, maxBytes: number): { readonly maxOutputLength: number; readonly chunkSize: number } {
  const chunkSize = Math.max(64, Math.min(bytes.length * 4, CHUNK_BYTES_MAX, maxBytes + 1));
  return { maxOutputLength: Math.max(1, maxBytes), chunkSize };
}

function onThread(codec: Codec, bytes: Uint8Array, maxBytes: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    codec(bytes, maxBytes, (error, result) => {
      if (error === null) resolve(result);
      else reject(error);
    });
  });
}
