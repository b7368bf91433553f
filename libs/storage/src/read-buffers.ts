/** Buffers come in multiples of this, so that one fits most reads. */
const STEP_BYTES = 64 * 1024;
/** Memory kept for later reads; a read that finds none gets new memory, and gives that back while there is room. */
const KEPT_BYTES_MAX = 8 * 1024 * 1024;
/** A kept buffer larger than so many times the read stays for a larger one. */
const OVERSIZE_MAX = 4;

/**
 * Memory for reads from disk, used again. New memory for each read costs more than the read itself when the page cache
 * has the bytes: it is cleared, mapped page by page, and V8 collects the whole heap for every some tens of megabytes.
 *
 * Whoever takes a buffer gives it back once, when nothing looks at it any more, or never: then it is garbage.
 */
export class ReadBuffers {
  #kept: Uint8Array[] = [];
  #keptBytes = 0;

  /** At least that many bytes, with anything in them. */
  take(bytes: number): Uint8Array {
    const at = this.#kept.findIndex((buffer) => buffer.length >= bytes && buffer.length <= OVERSIZE_MAX * Math.max(bytes, STEP_BYTES));
    const found = this.#kept[at];
    if (found === undefined) return new Uint8Array(Math.ceil(bytes / STEP_BYTES) * STEP_BYTES);
    this.#kept.splice(at, 1);
    this.#keptBytes -= found.length;
    return found;
  }

  give(buffer: Uint8Array): void {
    if (this.#keptBytes + buffer.length > KEPT_BYTES_MAX) return;
    this.#kept.push(buffer);
    this.#keptBytes += buffer.length;
  }
}
