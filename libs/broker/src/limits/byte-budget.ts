import { assert, MoldauError } from '@moldau/kernel';

/** How long a refused caller had better wait: about what it takes a full budget to drain. */
const RETRY_AFTER_MS = 50;

/**
 * Bytes of one kind that the broker holds in memory at most. Streams wait for room; unary calls are refused.
 * An amount above the whole budget is granted when nothing else is held, so that it can't wait for ever.
 */
export class ByteBudget {
  readonly name: string;
  readonly limitBytes: number;
  #used = 0;
  /** At most one of each stream. */
  #waiters = new Set<() => void>();

  constructor(name: string, limitBytes: number) {
    this.name = name;
    this.limitBytes = limitBytes;
  }

  get usedBytes(): number {
    return this.#used;
  }

  hasRoom(bytes: number): boolean {
    return this.#used === 0 || this.#used + bytes <= this.limitBytes;
  }

  /** Takes the bytes if there is room. */
  tryTake(bytes: number): boolean {
    if (!this.hasRoom(bytes)) return false;
    this.#used += bytes;
    return true;
  }

  /** @throws MoldauError MEMORY_BUDGET_EXHAUSTED when there is no room */
  take(bytes: number): void {
    if (!this.tryTake(bytes)) throw this.exhausted(bytes);
  }

  /** Gives back what was taken and lets those who wait try again. */
  give(bytes: number): void {
    assert(bytes >= 0 && bytes <= this.#used, 'no more is given back to a budget than was taken', { name: this.name, bytes });
    this.#used -= bytes;
    if (bytes === 0 || this.#waiters.size === 0) return;
    const waiters = this.#waiters;
    this.#waiters = new Set();
    for (const retry of waiters) retry();
  }

  /** Runs `retry` once when something is given back, however often it was asked for; it may find no room again. */
  whenFreed(retry: () => void): void {
    this.#waiters.add(retry);
  }

  exhausted(bytes: number): MoldauError {
    const facts = { budget: this.name, value: String(bytes), used: String(this.#used), limit: String(this.limitBytes) };
    const message = `the ${this.name} budget of ${this.limitBytes} bytes has no room for ${bytes} more`;
    return new MoldauError('MEMORY_BUDGET_EXHAUSTED', message, facts, { retryAfterMs: RETRY_AFTER_MS });
  }
}
