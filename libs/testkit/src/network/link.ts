import type { Scheduler } from '@moldau/kernel';

export interface LinkOptions {
  /** Runs deliveries: the receiving process's, so a paused process receives nothing and a dead one never will. */
  readonly receiver: Scheduler;
  /** Virtual time. */
  now(): number;
  latencyMs(): number;
  /** A partition lies between the two nodes in this direction. */
  blocked(): boolean;
}

/** What was sent at one moment: it travels, and arrives, together. */
interface Segment {
  readonly sentMs: number;
  readonly packets: (() => void)[];
  arrived: boolean;
}

/** One direction of a connection: loses nothing and keeps the order, as TCP; what meets a partition waits for its end. */
export class Link {
  readonly #options: LinkOptions;
  #held: (() => void)[] = [];
  #lastArrivalMs = 0;
  #last: Segment | undefined;
  #open = true;

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  send(deliver: () => void): void {
    if (!this.#open) return;
    const { now, latencyMs, receiver } = this.#options;
    const nowMs = now();
    const last = this.#last;
    if (last !== undefined && last.sentMs === nowMs && !last.arrived) {
      last.packets.push(deliver);
      return;
    }
    const arrivalMs = Math.max(nowMs + latencyMs(), this.#lastArrivalMs);
    this.#lastArrivalMs = arrivalMs;
    const segment: Segment = { sentMs: nowMs, packets: [deliver], arrived: false };
    this.#last = segment;
    receiver.after(arrivalMs - nowMs, () => {
      segment.arrived = true;
      for (const packet of segment.packets) this.#arrive(packet);
    });
  }

  /** The partition has ended: what was held arrives, before all that was sent later. */
  release(): void {
    if (this.#held.length > 0) this.#options.receiver.after(this.#options.latencyMs(), () => this.#deliverHeld());
  }

  /** Nothing more arrives. */
  cut(): void {
    this.#open = false;
    this.#held = [];
  }

  #arrive(deliver: () => void): void {
    if (!this.#open) return;
    if (this.#held.length > 0 || this.#options.blocked()) this.#held.push(deliver);
    else deliver();
  }

  #deliverHeld(): void {
    while (this.#open && !this.#options.blocked()) {
      const deliver = this.#held.shift();
      if (deliver === undefined) return;
      deliver();
    }
  }
}
