import { type Clock, MoldauError, type Random, type Scheduler } from '@moldau/kernel';
import { callUnary, type Method } from '@moldau/protocol';
import { BackOff } from './back-off.ts';
import type { CoordinatorDirectory } from './coordinator-directory.ts';

export interface ControllerClientDeps {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly coordinators: CoordinatorDirectory;
  /** Where the session found the controller; undefined while it has none. */
  readonly controllerAddress: () => string | undefined;
}

/** Errors that say for certain that nothing was done and that another attempt may find the controller. */
const TRY_AGAIN = new Set(['NOT_CONTROLLER', 'COORDINATOR_NOT_AVAILABLE', 'SERVER_UNREACHABLE']);
/**
 * How long a former controller may still answer once another one is known: one that lives answers at once, one that is
 * paused or cut off would hold its calls until their deadline.
 */
const FORMER_ANSWER_MS_MAX = 500;

/** A call that waits for the answer of one coordinator. */
interface Attempt {
  readonly address: string;
  readonly abandoned: AbortController;
}

/**
 * Unary calls to the controller, tried again within their deadline while nobody has taken them, and asked again of the next
 * controller when the one that has them is replaced and stays silent. The former may have done what it was asked for, so
 * the second answer can be that of something done already: TOPIC_EXISTS, a proposal of an old partition epoch.
 */
export class ControllerClient {
  readonly #deps: ControllerClientDeps;
  readonly #attempts = new Set<Attempt>();
  #known: string | undefined;

  constructor(deps: ControllerClientDeps) {
    this.#deps = deps;
  }

  /** The session is with a controller, perhaps with another one than before: calls that wait for a former one are given up soon. */
  sessionAnswered(): void {
    const known = this.#deps.controllerAddress();
    if (known === undefined || known === this.#known) return;
    this.#known = known;
    const former = [...this.#attempts].filter(({ address }) => address !== known);
    if (former.length === 0) return;
    this.#deps.scheduler.after(FORMER_ANSWER_MS_MAX, () => {
      for (const { abandoned } of former) abandoned.abort();
    });
  }

  /**
   * Calls the controller; `deadlineMs` is monotonic time.
   *
   * @throws MoldauError COORDINATOR_NOT_AVAILABLE when no controller was found in time, and what the call itself throws
   */
  async call<Request, Response>(method: Method<Request, Response>, request: Request, deadlineMs: number): Promise<Response> {
    const backOff = new BackOff(this.#deps.random);
    let hint: string | undefined;
    for (;;) {
      const leftMs = deadlineMs - this.#deps.clock.monotonicMs();
      const address = hint ?? this.#deps.controllerAddress();
      hint = undefined;
      if (leftMs <= 0) throw notAvailable();
      if (address !== undefined) {
        const attempt: Attempt = { address, abandoned: new AbortController() };
        this.#attempts.add(attempt);
        try {
          const options = { timeoutMs: leftMs, signal: attempt.abandoned.signal };
          return await callUnary(this.#deps.coordinators.channel(address), method, request, options);
        } catch (caught) {
          const error = MoldauError.from(caught);
          if (!TRY_AGAIN.has(error.reason) && !attempt.abandoned.signal.aborted) throw error;
          hint = error.facts['controller_address'];
        } finally {
          this.#attempts.delete(attempt);
        }
      }
      await this.#pause(Math.min(backOff.next(), Math.max(0, deadlineMs - this.#deps.clock.monotonicMs())));
    }
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.#deps.scheduler.after(delayMs, resolve);
    });
  }
}

function notAvailable(): MoldauError {
  return new MoldauError('COORDINATOR_NOT_AVAILABLE', 'no controller answered before the deadline', {});
}
