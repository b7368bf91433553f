import type { ConnectImage } from '../core/connect-image.ts';
import { type RunName, runKey } from '../core/run-status.ts';
import { actionsFor, type RunAction, type WantedRun, wantedRuns } from '../core/wanted-runs.ts';
import { runLimits } from './run-limits.ts';
import { RunHost, type RunHostParts } from './runs/run-host.ts';

export interface RunSetParts extends RunHostParts {
  readonly image: ConnectImage;
  /** A run ended here because it is not wanted here any more. */
  left(run: WantedRun, cause: Extract<RunAction, { t: 'stop' }>['cause']): void;
}

/** What a worker runs: always on its way to what the slots that it holds ask for. */
export class RunSet {
  readonly #parts: RunSetParts;
  readonly #held = new Set<number>();
  readonly #hosts = new Map<string, RunHost>();
  readonly #ending = new Map<string, Promise<void>>();

  constructor(parts: RunSetParts) {
    this.#parts = parts;
  }

  get slots(): ReadonlySet<number> {
    return this.#held;
  }

  get size(): number {
    return this.#hosts.size;
  }

  /** Of all runs that are here, or end. */
  get keys(): ReadonlySet<string> {
    return new Set([...this.#hosts.keys(), ...this.#ending.keys()]);
  }

  hold(slots: readonly number[]): void {
    for (const slot of slots) this.#held.add(slot);
    this.reconcile();
  }

  /** Resolves when nothing that belongs to these slots runs here. */
  async release(slots: readonly number[]): Promise<void> {
    for (const slot of slots) this.#held.delete(slot);
    this.reconcile();
    await Promise.all(this.#ending.values());
  }

  /** Starts and ends what the image and the slots ask for; does not wait for it. */
  reconcile(): void {
    const { image } = this.#parts;
    const running = [...this.#hosts.values()].map(({ held }) => held);
    for (const action of actionsFor(image, wantedRuns(image, this.#held), running)) this.#carryOut(action);
  }

  #carryOut(action: RunAction): void {
    switch (action.t) {
      case 'start':
        this.#start(action.run);
        return;
      case 'replace':
        void this.#end(action.run);
        this.#start(action.run);
        return;
      case 'retarget':
        this.#hosts.get(runKey(action.run))?.retarget(action.run);
        return;
      case 'stop': {
        const host = this.#hosts.get(runKey(action.name));
        const ended = this.#end(action.name);
        if (host !== undefined) void ended.then(() => this.#parts.left(host.run, action.cause));
        return;
      }
    }
  }

  #start(run: WantedRun): void {
    const key = runKey(run);
    const host = new RunHost(run, runLimits(run.config), this.#parts);
    this.#hosts.set(key, host);
    // An earlier life of it goes first.
    void (this.#ending.get(key) ?? Promise.resolve()).then(() => host.start());
  }

  #end(name: RunName): Promise<void> {
    const key = runKey(name);
    const host = this.#hosts.get(key);
    if (host === undefined) return Promise.resolve();
    this.#hosts.delete(key);
    const ended = Promise.all([this.#ending.get(key), host.end()]).then(() => {
      if (this.#ending.get(key) === ended) this.#ending.delete(key);
    });
    this.#ending.set(key, ended);
    return ended;
  }
}
