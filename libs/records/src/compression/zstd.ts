import zlib from 'node:zlib';
import { assert } from '@moldau/kernel';
import { corruptBatch, decompressionLimitExceeded } from '../corrupt-batch.ts';
import { type Codec, nothingToPrepare } from './codec.ts';
import { boundedOutput, outputChunkBytes } from './zlib-output.ts';
import { zstdOutputBound } from './zstd-frame.ts';

/** What is used of `@bokuweb/zstd-wasm`, whose own types lie outside its export map. */
export interface ZstdWasm {
  init(): Promise<void>;
  compress(bytes: Uint8Array, level?: number): Uint8Array;
  decompress(bytes: Uint8Array, options: { readonly defaultHeapSize: number }): Uint8Array;
}

/** RFC 8878 by node:zlib, at its default level (3, as Kafka's). */
const native: Codec = {
  name: 'zstd',
  compress: (bytes) => zlib.zstdCompressSync(bytes),
  decompress(bytes, maxBytes) {
    // Finds truncation and damage between blocks, which zlib takes for the end of its input.
    zstdOutputBound(bytes, maxBytes);
    const maxOutputLength = Math.max(1, maxBytes);
    return boundedOutput('zstd', maxBytes, () =>
      zlib.zstdDecompressSync(bytes, { maxOutputLength, chunkSize: outputChunkBytes(bytes.length, maxBytes) }),
    );
  },
  prepare: nothingToPrepare,
};

/**
 * zstd by WebAssembly, for Node before 22.15. `load` is called once, by `prepare`. Its memory grows to the largest
 * output so far and stays: one reason to prefer a newer Node.
 */
export function createZstdWasmCodec(load: () => Promise<ZstdWasm>): Codec {
  let wasm: ZstdWasm | undefined;
  let loading: Promise<void> | undefined;
  const loaded = (): ZstdWasm => {
    assert(wasm !== undefined, 'zstd is used on this version of Node only after prepareCompression');
    return wasm;
  };
  const start = async (): Promise<void> => {
    const module = await load();
    await module.init();
    wasm = module;
  };
  return {
    name: 'zstd',
    compress: (bytes) => loaded().compress(bytes),
    decompress: (bytes, maxBytes) => decompressWith(loaded(), bytes, maxBytes),
    prepare() {
      loading ??= start();
      return loading;
    },
  };
}

function decompressWith(wasm: ZstdWasm, bytes: Uint8Array, maxBytes: number): Uint8Array {
  const bound = zstdOutputBound(bytes, maxBytes);
  const room = Math.min(bound, maxBytes);
  try {
    return wasm.decompress(bytes, { defaultHeapSize: Math.max(1, room) });
  } catch (caught) {
    // The library says "does not fit" and "is damaged" alike; only where the bound passes the limit it can be the former.
    if (bound > maxBytes) throw decompressionLimitExceeded('zstd', maxBytes, caught);
    throw corruptBatch('holds bad zstd data', { codec: 'zstd' }, caught);
  }
}

export async function loadZstdWasm(): Promise<ZstdWasm> {
  return await import('@bokuweb/zstd-wasm');
}

export const zstd: Codec = typeof zlib.zstdCompressSync === 'function' ? native : createZstdWasmCodec(loadZstdWasm);
