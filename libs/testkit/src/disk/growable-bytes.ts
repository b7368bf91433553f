const CAPACITY_BYTES_MIN = 512;

/** Bytes that grow by doubling; everything between the old end and a later write is zero, as in a sparse file. */
export class GrowableBytes {
  #buffer: Uint8Array;
  #size: number;

  constructor(initial: Uint8Array = new Uint8Array(0)) {
    this.#buffer = initial;
    this.#size = initial.length;
  }

  get size(): number {
    return this.#size;
  }

  /** A view; valid until the next change. */
  view(from: number, to: number): Uint8Array {
    return this.#buffer.subarray(Math.min(from, this.#size), Math.min(to, this.#size));
  }

  copy(): Uint8Array {
    return this.#buffer.slice(0, this.#size);
  }

  write(bytes: Uint8Array, position: number): void {
    if (bytes.length === 0) return;
    const end = position + bytes.length;
    if (end > this.#size) this.resize(end);
    this.#buffer.set(bytes, position);
  }

  /** Cuts, or extends with zeros. */
  resize(size: number): void {
    if (size > this.#buffer.length) {
      const grown = new Uint8Array(Math.max(size, this.#buffer.length * 2, CAPACITY_BYTES_MIN));
      grown.set(this.#buffer.subarray(0, this.#size));
      this.#buffer = grown;
    } else if (size < this.#size) {
      this.#buffer.fill(0, size, this.#size);
    }
    this.#size = size;
  }

  flip(position: number, mask: number): void {
    if (position < this.#size) this.#buffer[position] = (this.#buffer[position] ?? 0) ^ mask;
  }
}
