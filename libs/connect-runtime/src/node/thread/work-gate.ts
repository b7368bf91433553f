/** Whether a task may work: closed while its connector is paused. */
export class WorkGate {
  #open: boolean;
  #waiters: (() => void)[] = [];

  constructor(open: boolean) {
    this.#open = open;
  }

  get isOpen(): boolean {
    return this.#open;
  }

  set(open: boolean): void {
    this.#open = open;
    if (open) for (const wake of this.#waiters.splice(0)) wake();
  }

  /** Resolves when it is open, or the signal aborts. */
  opened(signal: AbortSignal): Promise<void> {
    if (this.#open || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiters.push(resolve);
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }
}
