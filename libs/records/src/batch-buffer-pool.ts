/**
 * Buffers of one size for batches under construction, kept for reuse: fresh memory costs page faults, and the garbage
 * collector sees the bytes of buffers late.
 */
export class BatchBufferPool {
  /** Of each buffer; what needs more gets one of its own that does not come back. */
  readonly bufferBytes: number;
  readonly #buffersMax: number;
  readonly #free: Buffer[] = [];

  /** Keeps at most `buffersMax` unused buffers. */
  constructor(bufferBytes: number, buffersMax: number) {
    this.bufferBytes = bufferBytes;
    this.#buffersMax = buffersMax;
  }

  /** A buffer of at least `minBytes`, its content undefined. */
  take(minBytes: number): Buffer {
    if (minBytes > this.bufferBytes) return Buffer.allocUnsafeSlow(minBytes);
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(this.bufferBytes);
  }

  /** Takes back the memory of a batch built in this pool, once nobody reads it any more; at most once per batch. */
  give(batch: Uint8Array): void {
    const { buffer } = batch;
    if (buffer.byteLength !== this.bufferBytes || this.#free.length >= this.#buffersMax) return;
    this.#free.push(Buffer.from(buffer, 0, buffer.byteLength));
  }
}
