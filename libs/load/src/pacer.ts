/** Timers are no finer. */
const SLACK_MS = 1;
const MS_PER_SECOND = 1000;

/** Holds a loop to a rate: after `count` steps it waits until their time has come. */
export class Pacer {
  readonly #perSecond: number;
  readonly #startedAt = performance.now();

  /** `perSecond` 0: as fast as it goes. */
  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  /** Undefined when there is nothing to wait for. */
  wait(count: number): Promise<void> | undefined {
    if (this.#perSecond === 0) return undefined;
    const ahead = this.#startedAt + (count * MS_PER_SECOND) / this.#perSecond - performance.now();
    if (ahead < SLACK_MS) return undefined;
    return new Promise((resolve) => setTimeout(resolve, ahead));
  }
}
