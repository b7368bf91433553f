/** How failed runs are started again by themselves. */
export interface RestartPolicy {
  /** Restarts within the window; 0: none at all. */
  readonly maxAttempts: number;
  /** In ms. A run that lived for so long has all its attempts again. */
  readonly windowMs: number;
  /** Before the first restart, in ms; doubled with each. */
  readonly backoffMs: number;
  readonly backoffMaxMs: number;
}

export type RestartVerdict =
  | { readonly t: 'restart'; readonly delayMs: number; readonly attempt: number }
  | { readonly t: 'give-up'; readonly attempts: number };

/** Least part of a back-off that is waited whatever the dice say: half, so that many that failed together come back spread. */
const JITTER_FLOOR = 0.5;

/** Counts the restarts of one run. */
export class RestartBudget {
  readonly #policy: RestartPolicy;
  /** When it failed, within the window, monotonic ms. */
  #failures: number[] = [];

  constructor(policy: RestartPolicy) {
    this.#policy = policy;
  }

  /** It failed now. `fraction`: of the dice, 0 ≤ f < 1. */
  failed(nowMs: number, fraction: number): RestartVerdict {
    const { maxAttempts, windowMs, backoffMs, backoffMaxMs } = this.#policy;
    this.#failures = [...this.#failures.filter((atMs) => nowMs - atMs < windowMs), nowMs];
    const attempt = this.#failures.length;
    if (attempt > maxAttempts) return { t: 'give-up', attempts: attempt - 1 };
    const full = Math.min(backoffMaxMs, backoffMs * 2 ** (attempt - 1));
    return { t: 'restart', attempt, delayMs: full * (JITTER_FLOOR + (1 - JITTER_FLOOR) * fraction) };
  }

  /** A person restarts it. */
  reset(): void {
    this.#failures = [];
  }
}
