import type { Deadline, DeadlineWheel } from '../limits/deadline-wheel.ts';

const HEARTBEAT_MS = 5_000;
/** Heartbeats missed by a client that does not read before its stream ends: what it holds of the budget is others' too. */
const STALLED_HEARTBEATS_MAX = 6;

/** The stream that is watched. */
export interface WatchedStream {
  /** Whether the client has not taken what was sent: it gets no heartbeats either, which would pile up. */
  blocked(): boolean;
  heartbeat(): void;
  /** The client has read nothing for so long. */
  stalled(limitMs: number): void;
}

/** Heartbeats of a fetch stream on which nothing else is sent, and its end when the client does not read. */
export class StreamSilence {
  readonly #wheel: DeadlineWheel;
  readonly #stream: WatchedStream;
  #missed = 0;
  #deadline: Deadline | undefined;

  constructor(wheel: DeadlineWheel, stream: WatchedStream) {
    this.#wheel = wheel;
    this.#stream = stream;
  }

  /** Something was sent, or the stream begins. */
  restart(): void {
    this.#deadline?.cancel();
    this.#deadline = this.#wheel.after(HEARTBEAT_MS, () => this.#passed());
  }

  /** The client has read. */
  clientRead(): void {
    this.#missed = 0;
  }

  stop(): void {
    this.#deadline?.cancel();
  }

  #passed(): void {
    if (this.#stream.blocked()) {
      this.#missed += 1;
      if (this.#missed >= STALLED_HEARTBEATS_MAX) {
        this.#stream.stalled(STALLED_HEARTBEATS_MAX * HEARTBEAT_MS);
        return;
      }
    } else {
      this.#stream.heartbeat();
    }
    this.restart();
  }
}
