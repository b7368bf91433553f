import type { Deadline, DeadlineWheel } from '../limits/deadline-wheel.ts';

const HEARTBEAT_MS = 5_000;
/** Heartbeats missed by a client that does not read before its stream ends: what it holds of the budget is others' too. */
const STALLED_HEARTBEATS_MAX = 6;

/** How often something is said, and how often that may be in vain. */
export interface SilenceTerms {
  readonly heartbeatMs: number;
  readonly stalledHeartbeatsMax: number;
}

const FETCH_TERMS: SilenceTerms = { heartbeatMs: HEARTBEAT_MS, stalledHeartbeatsMax: STALLED_HEARTBEATS_MAX };

/** The stream that is watched. */
export interface WatchedStream {
  /** Whether the client has not taken what was sent: it gets no heartbeats either, which would pile up. */
  blocked(): boolean;
  heartbeat(): void;
  /** The client has read nothing for so long. */
  stalled(limitMs: number): void;
}

/** Heartbeats of a stream on which nothing else is sent, and its end when the client does not read. */
export class StreamSilence {
  readonly #wheel: DeadlineWheel;
  readonly #stream: WatchedStream;
  readonly #terms: SilenceTerms;
  #missed = 0;
  #deadline: Deadline | undefined;

  constructor(wheel: DeadlineWheel, stream: WatchedStream, terms: SilenceTerms = FETCH_TERMS) {
    this.#terms = terms;
    this.#wheel = wheel;
    this.#stream = stream;
  }

  /** Something was sent, or the stream begins. */
  restart(): void {
    this.#deadline?.cancel();
    this.#deadline = this.#wheel.after(this.#terms.heartbeatMs, () => this.#passed());
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
      if (this.#missed >= this.#terms.stalledHeartbeatsMax) {
        this.#stream.stalled(this.#terms.stalledHeartbeatsMax * this.#terms.heartbeatMs);
        return;
      }
    } else {
      this.#stream.heartbeat();
    }
    this.restart();
  }
}
