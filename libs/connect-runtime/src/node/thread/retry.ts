import { RetriableError } from '@moldau/connect';
import { say } from './thread-port.ts';
import { pause } from './thread-ports.ts';

const FIRST_DELAY_MS = 200;

/** How long and how often what can't be done just now is tried again. */
export interface RetryPolicy {
  /** -1: for ever. */
  readonly timeoutMs: number;
  readonly delayMaxMs: number;
}

/** Waits between attempts, and tells the status what is waited for, since when. */
export class Retries {
  readonly #policy: RetryPolicy;
  readonly #signal: AbortSignal;
  #attempt = 0;
  #sinceMs: number | undefined;

  constructor(policy: RetryPolicy, signal: AbortSignal) {
    this.#policy = policy;
    this.#signal = signal;
  }

  /** Waits after a failure; throws it instead when it is none that passes, or has lasted too long. `wait` in place of the plain one. */
  async after(error: unknown, wait: (delayMs: number) => Promise<void> = (delayMs) => pause(delayMs, this.#signal)): Promise<void> {
    if (!isRetriable(error) || this.#signal.aborted) throw error;
    const nowMs = Date.now();
    this.#sinceMs ??= nowMs;
    if (this.#policy.timeoutMs >= 0 && nowMs - this.#sinceMs >= this.#policy.timeoutMs) throw error;
    const asked = error instanceof Error && 'retryAfterMs' in error && typeof error.retryAfterMs === 'number' ? error.retryAfterMs : 0;
    const delayMs = Math.max(asked, Math.min(this.#policy.delayMaxMs, FIRST_DELAY_MS * 2 ** this.#attempt));
    this.#attempt = Math.min(this.#attempt + 1, 30);
    const cause = error instanceof Error ? error.message : String(error);
    say({ t: 'note', text: `since ${new Date(this.#sinceMs).toISOString()}, tried again every ${Math.ceil(delayMs / 1000)} s: ${cause}` });
    await wait(delayMs);
  }

  succeeded(): void {
    if (this.#sinceMs === undefined) return;
    this.#attempt = 0;
    this.#sinceMs = undefined;
    say({ t: 'note', text: '' });
  }
}

/** By name too: a plugin may have a copy of the class of its own. */
export function isRetriable(error: unknown): boolean {
  return error instanceof RetriableError || (error instanceof Error && error.name === 'RetriableError');
}
