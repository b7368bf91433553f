import type { CompressionName, Compute, Scheduler } from '@moldau/kernel';

/** The synchronous codecs; they throw what the port says that it rejects with. */
export interface SimCodecs {
  compress(codec: CompressionName, bytes: Uint8Array): Uint8Array;
  decompress(codec: CompressionName, bytes: Uint8Array, maxBytes: number): Uint8Array;
}

export interface SimComputeOptions {
  readonly codecs: SimCodecs;
  readonly scheduler: Scheduler;
  /** Milliseconds a job of so many input bytes takes; default 0. Jobs run side by side, as on a pool without end. */
  readonly latency?: (bytes: number) => number;
}

/** The port `Compute` in virtual time: a job reads its input when it starts and settles in an event of its own. */
export class SimCompute implements Compute {
  readonly #options: SimComputeOptions;

  constructor(options: SimComputeOptions) {
    this.#options = options;
  }

  compress(codec: CompressionName, bytes: Uint8Array): Promise<Uint8Array> {
    return this.#job(bytes, (input) => this.#options.codecs.compress(codec, input));
  }

  decompress(codec: CompressionName, bytes: Uint8Array, maxBytes: number): Promise<Uint8Array> {
    return this.#job(bytes, (input) => this.#options.codecs.decompress(codec, input, maxBytes));
  }

  #job(bytes: Uint8Array, work: (input: Uint8Array) => Uint8Array): Promise<Uint8Array> {
    const input = bytes.slice();
    const { scheduler, latency } = this.#options;
    return new Promise((resolve, reject) => {
      scheduler.after(latency?.(bytes.length) ?? 0, () => {
        try {
          resolve(work(input));
        } catch (error) {
          reject(error);
        }
      });
    });
  }
}
