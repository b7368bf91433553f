import type { ComposedMessage, Scheduler } from '@moldau/kernel';

/** Longest message of the stream between a caller and the owner of shards, unless a single frame is longer. */
export const STREAM_MESSAGE_BYTES_MAX = 1024 * 1024;

/**
 * Frames on their way to one stream: those of a turn leave in one message, or in a few. A frame is a whole message with one
 * element in a repeated field; messages put one after the other are one message with all their elements, as protobuf has it.
 */
export class FrameQueue {
  readonly #scheduler: Scheduler;
  readonly #write: (message: ComposedMessage) => boolean;
  #frames: Uint8Array[] = [];
  #bytes = 0;
  #scheduled = false;
  #full = false;

  /** `write` answers false when the stream takes no more until `drained`. */
  constructor(scheduler: Scheduler, write: (message: ComposedMessage) => boolean) {
    this.#scheduler = scheduler;
    this.#write = write;
  }

  /** Bytes that the stream has not taken. */
  get bytes(): number {
    return this.#bytes;
  }

  push(frame: Uint8Array): void {
    this.#frames.push(frame);
    this.#bytes += frame.length;
    this.#schedule();
  }

  drained(): void {
    this.#full = false;
    this.#flush();
  }

  clear(): void {
    this.#frames = [];
    this.#bytes = 0;
  }

  #schedule(): void {
    if (this.#scheduled || this.#full) return;
    this.#scheduled = true;
    this.#scheduler.nextTurn(() => {
      this.#scheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    const frames = this.#frames;
    let from = 0;
    while (from < frames.length && !this.#full) {
      let bytes = frames[from]?.length ?? 0;
      let to = from + 1;
      for (let next = frames[to]; next !== undefined && bytes + next.length <= STREAM_MESSAGE_BYTES_MAX; next = frames[to]) {
        bytes += next.length;
        to += 1;
      }
      this.#bytes -= bytes;
      this.#full = !this.#write(composed(frames.slice(from, to), bytes));
      from = to;
    }
    // `clear` may have come from within a write.
    if (this.#frames === frames) this.#frames = frames.slice(from);
  }
}

function composed(frames: readonly Uint8Array[], byteLength: number): ComposedMessage {
  return {
    byteLength,
    copy(target, at): void {
      let offset = at;
      for (const frame of frames) {
        target.set(frame, offset);
        offset += frame.length;
      }
    },
  };
}
