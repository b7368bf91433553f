import { MoldauError } from '@moldau/kernel';

/** How many of one kind may be under way. */
export interface ConcurrencyBounds {
  /** On the whole server. */
  readonly perServer: number;
  /** From one caller's connection. */
  readonly perPeer: number;
}

/** Counts what is under way per connection and in all. */
export class ConcurrencyLimit {
  readonly #kind: string;
  readonly #bounds: ConcurrencyBounds;
  readonly #byPeer = new Map<string, number>();
  #total = 0;
  #waiting: (() => void)[] = [];

  /** `kind` names what is counted, in the plural: `requests`, `streams`. */
  constructor(kind: string, bounds: ConcurrencyBounds) {
    this.#kind = kind;
    this.#bounds = bounds;
  }

  get total(): number {
    return this.#total;
  }

  /**
   * Counts one more, until `leave`.
   *
   * @throws MoldauError TOO_MANY_STREAMS
   */
  enter(peer: string): void {
    const ofPeer = this.#byPeer.get(peer) ?? 0;
    if (ofPeer >= this.#bounds.perPeer) throw this.#exceeded('this connection', ofPeer, this.#bounds.perPeer);
    if (this.#total >= this.#bounds.perServer) throw this.#exceeded('this server', this.#total, this.#bounds.perServer);
    this.#byPeer.set(peer, ofPeer + 1);
    this.#total += 1;
  }

  leave(peer: string): void {
    const ofPeer = (this.#byPeer.get(peer) ?? 0) - 1;
    if (ofPeer > 0) this.#byPeer.set(peer, ofPeer);
    else this.#byPeer.delete(peer);
    this.#total -= 1;
    if (this.#total > 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }

  /** Settles when nothing is under way. */
  idle(): Promise<void> {
    if (this.#total === 0) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #exceeded(where: string, value: number, limit: number): MoldauError {
    const message = `${where} has ${value} ${this.#kind} under way; ${limit} are allowed`;
    const facts = { kind: this.#kind, value: String(value), limit: String(limit) };
    return new MoldauError('TOO_MANY_STREAMS', message, facts);
  }
}
