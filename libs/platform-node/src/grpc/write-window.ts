import { assert } from '@moldau/kernel';

/**
 * Bytes that were written and that the connection has not taken. grpc-js counts messages (16 of any size); memory is
 * bounded only by bytes.
 */
export class WriteWindow {
  readonly #limitBytes: number;
  #bytes = 0;
  #full = false;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** Counts a message; false when the writer should wait. */
  add(bytes: number): boolean {
    this.#bytes += bytes;
    if (this.#bytes >= this.#limitBytes) this.#full = true;
    return !this.#full;
  }

  /** A message has gone; true when a writer that waits may go on: once half of the window is free, not at every message. */
  remove(bytes: number): boolean {
    this.#bytes -= bytes;
    assert(this.#bytes >= 0, 'no more bytes leave than were written');
    if (!this.#full || this.#bytes > this.#limitBytes / 2) return false;
    this.#full = false;
    return true;
  }
}
